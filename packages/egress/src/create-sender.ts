import type { AddressPolicy } from './address-policy.ts'
import type { SendOutcome } from './exchange.ts'
import type { DialGuard } from './guarded-connect.ts'
import { createGuardedLookup } from './guarded-lookup.ts'
import type { GuardedLookup } from './guarded-lookup.ts'
import { createOriginPool } from './origin-pool.ts'
import type { OriginPool } from './origin-pool.ts'
import { send } from './send.ts'
import type { SendDestination, SendRequest } from './send.ts'
import { createTlsSessions } from './tls-sessions.ts'
import { createTrust } from './trust.ts'

export interface SenderOptions {
  policy: AddressPolicy
  /** Connections per origin and pool key that are opened at once, default 16; more requests wait for one. */
  connectionsPerOrigin?: number
  /** Milliseconds a request waits for one of them before it has one of its own; default: until its deadline. */
  connectionPatienceMs?: number
  /** False while requests are slow because this process is: then more connections would only be more work. */
  keepsUp?: () => boolean
  /** Milliseconds an idle connection is kept, default 4,000: less than common servers keep theirs. */
  keepAliveMs?: number
  /** Origins whose connections are kept, default 1,024; beyond, those not used for longest are closed. */
  maxOrigins?: number
  /** Milliseconds to connect, and again for the TLS handshake, default 3,000. */
  connectTimeoutMs?: number
  /** Certificates in PEM trusted beside the usual ones. */
  ca?: string | readonly string[]
  /** Replaces the lookup, for instance to ask another DNS server. */
  lookup?: GuardedLookup
}

export interface SenderStats {
  origins: number
  connections: number
  idle: number
  /** Sends that are not settled, the waiting ones included. */
  inFlight: number
  waiting: number
  /** Since the start: sends, and connections made for them. The rest went over connections kept. */
  requests: number
  connects: number
}

export interface Sender {
  /** POSTs once; an outcome tells what came of it. Never rejects. */
  send: (request: SendRequest) => Promise<SendOutcome>
  stats: () => SenderStats
  /** Refuses new sends, waits for those in flight, closes all connections. */
  close: () => Promise<void>
}

/** The hot way out: POSTs over kept connections through the guard. HTTP/1.1, no redirects, no proxies, nothing decoded. */
export function createSender(options: SenderOptions): Sender {
  const { policy, lookup = createGuardedLookup({ policy }), connectTimeoutMs = 3_000 } = options
  const guard: DialGuard = {
    policy,
    lookup,
    connectTimeoutMs,
    secureContext: createTrust(options.ca),
    sessions: createTlsSessions(1_024),
  }
  const pools = new Map<string, OriginPool>()
  const counts = { requests: 0, connects: 0, inFlight: 0 }
  const idlers: (() => void)[] = []
  let closed = false

  const poolOf = ({ key, origin, target }: SendDestination): OriginPool => {
    const known = pools.get(key)
    pools.delete(key) // and set again below: the map's order is that of use
    const pool =
      known ??
      createOriginPool({
        origin,
        target,
        guard,
        connections: options.connectionsPerOrigin ?? 16,
        patienceMs: options.connectionPatienceMs ?? Infinity,
        keepsUp: options.keepsUp ?? (() => true),
        keepAliveMs: options.keepAliveMs ?? 4_000,
        onConnect: () => (counts.connects += 1),
        onEmpty: () => pools.get(key) === pool && pools.delete(key),
      })
    pools.set(key, pool)
    if (!known && pools.size > (options.maxOrigins ?? 1_024)) evictOne(pools, pool)
    return pool
  }
  return {
    async send(request) {
      if (closed) {
        return {
          kind: 'error',
          code: 'sender_closed',
          phase: 'connect',
          ms: 0,
          message: 'the sender is closed',
        }
      }
      counts.requests += 1
      counts.inFlight += 1
      const outcome = await send(request, poolOf)
      counts.inFlight -= 1
      if (counts.inFlight === 0) for (const resolve of idlers.splice(0)) resolve()
      return outcome
    },
    stats: () => ({ ...sum(pools.values()), ...counts, origins: pools.size }),
    async close() {
      closed = true
      if (counts.inFlight > 0) await new Promise<void>((resolve) => idlers.push(resolve))
      await Promise.all([...pools.values()].map((pool) => pool.close()))
    },
  }
}

/** Closes the pool without work that was used longest ago; if all are busy there is nothing to close. */
function evictOne(pools: Map<string, OriginPool>, keep: OriginPool): void {
  for (const [key, pool] of pools) {
    const { connections, idle } = pool.stats()
    if (pool === keep || connections > idle) continue
    pools.delete(key)
    void pool.close()
    return
  }
}

function sum(pools: Iterable<OriginPool>) {
  const total = { connections: 0, idle: 0, waiting: 0 }
  for (const pool of pools) {
    const { connections, idle, waiting } = pool.stats()
    total.connections += connections
    total.idle += idle
    total.waiting += waiting
  }
  return total
}
