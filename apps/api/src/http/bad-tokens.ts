import type { IncomingMessage } from 'node:http'

export type BadTokens = {
  /** Counts a bad token of this caller; how long it is refused from now on, in ms, once there were too many. */
  count(request: IncomingMessage): number | undefined
}

const badPerMinute = 20
const minuteMs = 60_000
const maxAddresses = 10_000

/** Bad tokens by the address they came from, for all dialects together: 20 a minute are answered as such. */
export function createBadTokens(monotonic: () => number): BadTokens {
  const bad = new Map<string, { count: number; since: number }>()
  return {
    count: (request) => {
      const address = request.socket.remoteAddress ?? ''
      const now = monotonic()
      const known = bad.get(address)
      const entry = known && now - known.since < minuteMs ? known : { count: 0, since: now }
      entry.count += 1
      bad.delete(address)
      bad.set(address, entry)
      if (bad.size > maxAddresses) for (const oldest of bad.keys()) if (bad.delete(oldest)) break
      return entry.count > badPerMinute ? minuteMs - (now - entry.since) : undefined
    },
  }
}

export const retryAfter = (waitMs: number) => ({
  'retry-after': String(Math.max(1, Math.ceil(waitMs / 1_000))),
})
