import { setTimeout as pause } from 'node:timers/promises'
import { eventually } from '@waybill/testing'
import type { FaultStack, Links } from '../support/fault-stack.ts'
import { burstCaps } from '../support/checks/check-vitals.ts'
import { judge, mustHold, type Finding } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'
import { openVanishingPeers, type VanishingPeer } from '../support/vanishing-peers.ts'

const noticedWithinMs = 30_000
/** So long a peer stays away, so that what does not notice is seen. */
const awayMs = 35_000
const paths = ['/steady', '/second', '/third']
const inFlightLimit = 50

/** How long, in ms, until the last of these connections was given up; infinite when some never were. */
async function untilGivenUp(peer: VanishingPeer, old: ReadonlySet<string>): Promise<number> {
  const startedAt = performance.now()
  for (;;) {
    const now = await peer.connections()
    const elapsed = performance.now() - startedAt
    if (![...old].some((port) => now.has(port))) return elapsed
    if (elapsed > awayMs) return Number.POSITIVE_INFINITY
    await pause(100)
  }
}

/** Resolves once as much is delivered again as the traffic brings in a second. */
async function deliversAgain(stack: FaultStack): Promise<void> {
  const before = await stack.receiver.count()
  await eventually(async () => (await stack.receiver.count()) > before + 90, { timeoutMs: 60_000 })
}

type Peers = Partial<Record<'postgres' | 'redis' | 'endpoints', VanishingPeer>>

/** A stack whose Postgres, Redis and endpoints are in a network namespace, each behind a link of its own. */
async function stackOverLinks(context: FaultContext) {
  const databaseUrl = await context.database()
  const queue = context.queue(databaseUrl)
  const links: Links = {}
  const workerEnv: Record<string, string> = {}
  const stack = await context.stack({ databaseUrl, queue, links, workerEnv })
  const redisUrl = queue.backend === 'redis' ? queue.redisUrl : undefined
  const peers: Peers | undefined = await openVanishingPeers(context, {
    postgres: databaseUrl,
    endpoints: stack.receiver.url,
    ...(redisUrl === undefined ? {} : { redis: redisUrl }),
  })
  if (!peers?.postgres || !peers.endpoints) return undefined
  links.api = links.worker = {
    databaseUrl: peers.postgres.route(databaseUrl),
    ...(redisUrl === undefined || !peers.redis ? {} : { redisUrl: peers.redis.route(redisUrl) }),
  }
  workerEnv['EGRESS_ALLOW'] = peers.endpoints.host
  for (const path of paths)
    await stack.subscribe(path, { inFlightLimit, url: peers.endpoints.route(`${stack.receiver.url}${path}`) })
  await Promise.all([stack.startApi(), stack.startWorker()])
  return { stack, peers }
}

/** Each peer goes away in turn, without a word, and comes back; what was sent on its connections is lost or comes late. */
async function overLinks(context: FaultContext): Promise<Finding | undefined> {
  const opened = await stackOverLinks(context)
  if (!opened) return undefined
  const { stack, peers } = opened
  const noticed = new Map<string, { connections: number; ms: number }>()
  const load = startLoad(stack, { rate: 30 })
  await deliversAgain(stack)
  for (const [name, peer] of Object.entries(peers)) {
    const old = await peer.connections()
    await peer.vanish()
    const ms = await untilGivenUp(peer, old)
    noticed.set(name, { connections: old.size, ms })
    await peer.comeBack()
    await deliversAgain(stack)
  }
  await load.stop()
  // What was under way when endpoints vanished, or reached them too late for its deadline, was answered to nobody.
  const finding = await judge(stack, {
    calls: { unavailable: true },
    bound: paths.length * inFlightLimit,
    caps: burstCaps,
  })
  for (const [name, { connections, ms }] of noticed) {
    finding.notes.push(`${name}: ${connections} connections, given up after ${(ms / 1_000).toFixed(1)} s`)
    mustHold(finding, connections > 0, `F49 there was no connection to ${name}`)
    mustHold(
      finding,
      ms <= noticedWithinMs,
      `F49 ${name} was not given up within ${noticedWithinMs / 1_000} s`,
    )
  }
  return finding
}

/** Without namespaces: a proxy that falls silent on the connections there are. That says nothing of new ones, and nothing of TCP. */
async function overProxy(context: FaultContext): Promise<Finding> {
  const { stack, links } = await linkedStack(context)
  const load = startLoad(stack, { rate: 30 })
  await lasts(2_000)
  for (const link of Object.values(links)) link.forget()
  await lasts(25_000)
  await deliversAgain(stack)
  await load.stop()
  const finding = await judge(stack, { calls: { unavailable: true }, bound: 0 })
  finding.notes.push('only through the proxy: links that go down need root, iproute2 and network namespaces')
  return finding
}

export const scenario: Scenario = {
  id: 'F49',
  title: 'Postgres, Redis and endpoints vanish in turn without a FIN: their links go down',
  backends: bothBackends,
  run: async (context) => (await overLinks(context)) ?? overProxy(context),
}
