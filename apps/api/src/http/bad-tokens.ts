import type { IncomingMessage } from 'node:http'
import type { CallerAddress } from './caller-address.ts'
import { createFailureLimit } from './failure-limit.ts'
import type { TokenCache } from './token-cache.ts'

export type BadTokens = {
  /**
   * How long this caller's token is refused without a look-up, in ms: the address sent too many bad ones and the token was
   * never seen to be good.
   */
  waits(request: IncomingMessage, tokens: Pick<TokenCache, 'wasGood'>, token: string): number | undefined
  /** Counts a bad token of this caller; how long it is refused from now on, in ms, once there were too many. */
  count(request: IncomingMessage): number | undefined
}

/** Bad tokens by the address they came from, for all dialects together: 20 a minute are answered as such. */
export function createBadTokens(monotonic: () => number, callerAddress: CallerAddress): BadTokens {
  const limit = createFailureLimit({ most: 20, windowMs: 60_000, monotonic })
  return {
    waits: (request, tokens, token) => {
      const waitMs = limit.waits(callerAddress(request))
      return waitMs === undefined || tokens.wasGood(token) ? undefined : waitMs
    },
    count: (request) => limit.count(callerAddress(request)),
  }
}

export const retryAfter = (waitMs: number) => ({
  'retry-after': String(Math.max(1, Math.ceil(waitMs / 1_000))),
})
