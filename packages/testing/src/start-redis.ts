import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { freePort } from '@waybill/embedded'
import { guardChild } from './guard-child.ts'
import { eventually } from './eventually.ts'

export type TestRedis = {
  url: string
  /** Of the process that runs now: another one after `restart`. */
  readonly pid: number
  /** Sends the signal (default SIGKILL) and waits until the server is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>
  /** Kills it if it still runs, and starts it again on the same port and data. */
  restart(): Promise<void>
  /** Ends it and removes its data. */
  stop(): Promise<void>
}

/** `redis-server` or `valkey-server` on the PATH. */
export function redisServerPath(): string | undefined {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean)
  return ['redis-server', 'valkey-server']
    .flatMap((program) => folders.map((folder) => join(folder, program)))
    .find(isExecutable)
}

/**
 * A Redis of its own on a free port of 127.0.0.1. With `appendonly` it keeps what was acknowledged over a SIGKILL;
 * without, it comes back empty. Throws when there is no server program.
 */
export async function startRedis(options: { port?: number; appendonly?: boolean } = {}): Promise<TestRedis> {
  const program = redisServerPath()
  if (program === undefined) throw new Error('There is neither redis-server nor valkey-server on the PATH')
  const folder = await mkdtemp(join(tmpdir(), 'waybill-redis-'))
  const port = options.port ?? (await freePort())
  const args = serverArguments(port, folder, options.appendonly ?? false)
  let child = await launch(program, args, port).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true })
    throw error
  })

  const kill = (signal: NodeJS.Signals = 'SIGKILL') => end(child, signal)
  return {
    url: `redis://127.0.0.1:${port}`,
    get pid() {
      return child.pid ?? 0
    },
    kill,
    restart: async () => {
      await kill()
      child = await launch(program, args, port)
    },
    stop: async () => {
      await kill()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function serverArguments(port: number, folder: string, appendonly: boolean): string[] {
  const settings: Record<string, string> = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    save: '',
    appendonly: appendonly ? 'yes' : 'no',
    appendfsync: 'always',
    'maxmemory-policy': 'noeviction',
    daemonize: 'no',
    loglevel: 'warning',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

async function launch(program: string, args: string[], port: number): Promise<ChildProcess> {
  const child = spawn(program, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  const collect = (chunk: Buffer) => (output += chunk.toString())
  child.stdout.on('data', collect)
  child.stderr.on('data', collect)
  child.on('error', (error) => (output += error.message))
  guardChild(child)
  await eventually(() => hasEnded(child) || isReady(port, child.pid))
  if (hasEnded(child)) throw new Error(`${program} ended with code ${child.exitCode}: ${output}`)
  return child
}

/** The process that answers must be ours, not an older one on the same port; it must have loaded its data, too. */
function isReady(port: number, pid: number | undefined): Promise<boolean> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.end('PING\r\nINFO server\r\nQUIT\r\n'))
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()))
    socket.once('error', () => resolve(false))
    socket.once('close', () =>
      resolve(answer.startsWith('+PONG') && answer.includes(`\r\nprocess_id:${pid}\r\n`)),
    )
  })
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null || child.pid === undefined
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (hasEnded(child)) return
  const exited = new Promise((resolve) => child.once('exit', resolve))
  child.kill(signal)
  await exited
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
