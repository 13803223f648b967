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

type Trouble = { unwell: number; probeAt: number; asked: boolean; reportedAt: number }

/** An endpoint that was not asked for so long may be one of a deleted subscription, in ms. */
const forgottenAfterMs = 86_400_000

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
  /** The one reported longest ago first. */
  const troubles = new Map<SubscriptionId, Trouble>()
  const forgetSilent = (at: number) => {
    for (const [subscription, { reportedAt }] of troubles) {
      if (at - reportedAt < forgottenAfterMs) return
      troubles.delete(subscription)
    }
  }
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
      const at = now()
      const waitMs = Math.max(probeEveryMs, Math.min(askedToWaitMs, maxBlockedMs))
      troubles.delete(subscription) // and set again: the map's order is that of the reports
      troubles.set(subscription, {
        unwell: unwell + 1,
        probeAt: Math.max(probeAt, at + waitMs),
        asked: askedToWaitMs > 0 || (asked && at < probeAt),
        reportedAt: at,
      })
      forgetSilent(at)
    },
    openCount: () => [...troubles.values()].filter(({ unwell }) => unwell >= unwellToOpen).length,
  }
}
