import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { guardChild } from '@waybill/testing'
import type { FaultContext } from './scenario.ts'
import { startRelay } from './start-relay.ts'

const run = promisify(execFile)
const ip = async (...args: string[]): Promise<string> => (await run('ip', args)).stdout

/** A server that is reached over a network link of its own. */
export type VanishingPeer = {
  host: string
  /** The same URL by way of that link. */
  route(url: string): string
  /** The link goes down at the peer's end: nothing comes back from there any more, not even a refusal. */
  vanish(): Promise<void>
  comeBack(): Promise<void>
  /** Local ports of the connections to it that are thought to stand. */
  connections(): Promise<Set<string>>
}

/**
 * Puts a peer for each port of 127.0.0.1 into a network namespace, each behind a veth pair of its own. Undefined where that
 * may not be done: it needs root and iproute2.
 */
export async function openVanishingPeers(
  context: FaultContext,
  targets: Readonly<Record<string, string>>,
): Promise<Record<string, VanishingPeer> | undefined> {
  const space = `waybill-fault-${process.pid}`
  try {
    await ip('netns', 'add', space)
  } catch {
    return undefined
  }
  context.cleanUp(() => ip('netns', 'del', space))
  const folder = await mkdtemp(join(tmpdir(), 'waybill-peers-'))
  context.cleanUp(() => rm(folder, { recursive: true, force: true }))
  const links = []
  for (const [i, [name, url]] of Object.entries(targets).entries()) {
    const path = join(folder, `${name}.sock`)
    const { port } = new URL(url)
    const inner = await startRelay({ path }, { host: '127.0.0.1', port: Number(port) })
    context.cleanUp(() => inner.close())
    links.push({ ...(await addLink(space, i)), path })
  }
  const ports = await startPeers(context, space, links)
  const peers = links.map(({ host, peer }, i) => createPeer(space, peer, host, ports[i] ?? ''))
  return Object.fromEntries(Object.keys(targets).map((name, i) => [name, peers[i] as VanishingPeer]))
}

/** A pair of devices, one end here and one in the namespace, with addresses that no other run uses. */
async function addLink(space: string, i: number): Promise<{ host: string; peer: string }> {
  const [here, peer] = [`wb${i}h${process.pid}`, `wb${i}p${process.pid}`]
  const net = `10.${200 + (process.pid % 50)}.${(Math.floor(process.pid / 50) % 60) * 4 + i}`
  await ip('link', 'add', here, 'type', 'veth', 'peer', 'name', peer, 'netns', space)
  await ip('addr', 'add', `${net}.1/30`, 'dev', here)
  await ip('link', 'set', here, 'up')
  await ip('-n', space, 'addr', 'add', `${net}.2/30`, 'dev', peer)
  await ip('-n', space, 'link', 'set', peer, 'up')
  const [device] = JSON.parse(await ip('-n', space, '-j', 'link', 'show', peer)) as { address: string }[]
  // Otherwise a new connection would be refused by this host within seconds, as only a neighbour's would be.
  const lasting = ['lladdr', device?.address ?? '', 'dev', here, 'nud', 'permanent']
  await ip('neigh', 'replace', `${net}.2`, ...lasting)
  return { host: `${net}.2`, peer }
}

async function startPeers(
  context: FaultContext,
  space: string,
  relays: readonly { host: string; path: string }[],
): Promise<string[]> {
  const program = join(import.meta.dirname, 'relay-main.ts')
  const node = [process.execPath, '--conditions=source', '--import', 'tsx', program]
  const child = spawn('ip', ['netns', 'exec', space, ...node], {
    env: {
      PATH: process.env['PATH'],
      RELAYS: JSON.stringify(relays.map(({ host, path }) => ({ host, path }))),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  })
  guardChild(child)
  context.cleanUp(async () => void child.kill('SIGKILL'))
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return line.split(' ').slice(1)
}

function createPeer(space: string, device: string, host: string, port: string): VanishingPeer {
  return {
    host,
    route: (url) => {
      const there = new URL(url)
      there.hostname = host
      there.port = port
      return there.href.replace(/\/$/, '')
    },
    vanish: async () => void (await ip('-n', space, 'link', 'set', device, 'down')),
    comeBack: async () => void (await ip('-n', space, 'link', 'set', device, 'up')),
    connections: async () => {
      const { stdout } = await run('ss', ['-Htn', 'state', 'established', 'dst', host])
      const ports = stdout.split('\n').map((line) => /\S+:(\d+)\s+\S+:\d+\s*$/.exec(line)?.[1])
      return new Set(ports.filter((one) => one !== undefined))
    },
  }
}
