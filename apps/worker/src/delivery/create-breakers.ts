import type { SubscriptionId } from '@waybill/domain'
import { maxBlockedMs } from '../drain/lane-health.ts'

/** Says whether first attempts should go to the lane instead, because the endpoint is in trouble. */
export type Breakers = {
  /** True: park it. Now and then one is let through to see whether the endpoint is back. */
  isOpen(subscription: SubscriptionId): boolean
  /** One request came to its end, undefined: without being made; `askedToWaitMs` is what a Retry-After asked for. */
  report(subscription: SubscriptionId, isWell: boolean | undefined, askedToWaitMs?: number): void
  /** Endpoints whose first attempts are parked now. */
  openCount(): number
}

type Trouble = { unwell: number; probeAt: number; asked: boolean }

export type BreakerOptions = {
  /** Answers in a row, none of them well, at which a breaker opens. */
  unwellToOpen: number
  /** How long an open one waits before it lets one first attempt through. */
  probeEveryMs?: number
  monotonic?: () => number
}

/**
 * One worker's own view: it holds no more than the endpoints that are in trouble just now, and starts afresh with the
 * process. What must last is kept with the lane.
 */
export function createBreakers(options: BreakerOptions): Breakers {
  const { unwellToOpen, probeEveryMs = 5_000, monotonic: now = () => performance.now() } = options
  const troubles = new Map<SubscriptionId, Trouble>()
  return {
    isOpen: (subscription) => {
      const trouble = troubles.get(subscription)
      if (!trouble || (trouble.unwell < unwellToOpen && !trouble.asked)) return false
      if (now() < trouble.probeAt) return true
      trouble.probeAt = now() + probeEveryMs
      trouble.asked = false
      return false
    },
    report: (subscription, isWell, askedToWaitMs = 0) => {
      if (isWell === undefined) return
      if (isWell) return void troubles.delete(subscription)
      const { unwell = 0, probeAt = 0, asked = false } = troubles.get(subscription) ?? {}
      const waitMs = Math.max(probeEveryMs, Math.min(askedToWaitMs, maxBlockedMs))
      troubles.set(subscription, {
        unwell: unwell + 1,
        probeAt: Math.max(probeAt, now() + waitMs),
        asked: askedToWaitMs > 0 || (asked && now() < probeAt),
      })
    },
    openCount: () => [...troubles.values()].filter(({ unwell }) => unwell >= unwellToOpen).length,
  }
}
