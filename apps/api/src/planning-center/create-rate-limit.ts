import { createHash } from 'node:crypto'
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible'
import { retryAfter } from '../http/bad-tokens.ts'
import { PlanningCenterRefusal } from './refusal.ts'

/** Requests a caller may make within `periodMs`; `far` of them where the page begins far behind the start. */
export type RateLimits = { requests: number; far: number; periodMs: number }

export type RateLimit = {
  /** Counts a request. `headers` go out with its answer, whatever that is; `refusal` is there once there were too many. */
  count(
    key: string,
    far: boolean,
  ): Promise<{ headers: Record<string, string>; refusal?: PlanningCenterRefusal }>
}

const buckets = 4_096

/**
 * "Rate Limiting" (https://api.planningcenteronline.com/docs/overview/rate-limiting): 100 requests in 20 s, 75 beyond an offset
 * of 30,000. One store for the process; it forgets a key when its period is over, and keys are {@link callerKey}s, so it holds
 * no more than there are tokens and buckets.
 */
export function createRateLimit({ requests, far: farRequests, periodMs }: RateLimits): RateLimit {
  const seconds = periodMs / 1_000
  const limiter = new RateLimiterMemory({ points: requests, duration: seconds })
  return {
    count: async (key, far) => {
      const used = await limiter.consume(key).catch((refused: unknown) => {
        if (refused instanceof RateLimiterRes) return refused
        throw refused
      })
      const limit = far ? Math.min(farRequests, requests) : requests
      const headers = {
        'x-pco-api-request-rate-count': String(used.consumedPoints),
        'x-pco-api-request-rate-limit': String(limit),
        'x-pco-api-request-rate-period': String(seconds),
      }
      if (used.consumedPoints <= limit) return { headers }
      const detail = `Rate limit exceeded: ${used.consumedPoints} of ${limit} requests per ${seconds} seconds`
      const errors = [{ code: '429', detail }]
      return { headers, refusal: new PlanningCenterRefusal(429, errors, retryAfter(used.msBeforeNext)) }
    },
  }
}

/** A caller by its token, or by its address while it has shown no good one: addresses share a fixed number of buckets. */
export function callerKey(tokenId: number | undefined, address: string): string {
  if (tokenId !== undefined) return `token:${tokenId}`
  const digest = createHash('sha256').update(address).digest()
  return `address:${digest.readUInt32BE() % buckets}`
}
