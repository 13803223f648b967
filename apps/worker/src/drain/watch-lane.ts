import type { ClaimedLane, LaneReport } from '@waybill/db'
import type { AttemptResult } from '../delivery/attempt-delivery.ts'
import { healthAfter, isOpen, maxBlockedMs, type LaneHealth } from './lane-health.ts'

/** What one turn learns about the endpoint behind its lane. */
export type LaneWatch = {
  /** How many requests may be open now; 0: no more in this turn. */
  limit(): number
  /**
   * What may be sent next. Retries are the probes of an open breaker, so that schedules end where they should; a first
   * attempt that was parked is sent when no retry is due, and none after a probe that failed.
   */
  next(): 'all' | 'retries' | 'retries, then firsts'
  add(result: Pick<AttemptResult, 'isWell' | 'decision' | 'askedToWaitMs'>): void
  /** Undefined: the lane knows all this already. */
  report(): LaneReport | undefined
}

/**
 * Begins with what earlier turns have learnt.
 *
 * @param probePauseMs how long an open breaker waits after a probe that failed
 */
export function watchLane(lane: Pick<ClaimedLane, 'health' | 'limit'>, probePauseMs: number): LaneWatch {
  let health: LaneHealth = lane.health
  let outcome: LaneReport['outcome'] = 'nothing'
  let askedMs = 0
  let probeFailed = false
  const blockedForMs = (): number => Math.max(askedMs, isOpen(health) && probeFailed ? probePauseMs : 0)
  return {
    limit: () => (askedMs > 0 ? 0 : (health.limit ?? lane.limit)),
    next: () => {
      if (!isOpen(health)) return 'all'
      return probeFailed ? 'retries' : 'retries, then firsts'
    },
    add: ({ isWell, decision, askedToWaitMs }) => {
      if (decision.kind === 'delivered') outcome = 'delivered'
      // No request was made: that says nothing about the endpoint.
      if (isWell === undefined) return
      if (outcome === 'nothing') outcome = 'failed'
      probeFailed = !isWell
      health = healthAfter(health, isWell, lane.limit)
      askedMs = Math.max(askedMs, Math.min(askedToWaitMs, maxBlockedMs))
    },
    report: () => {
      const isNews =
        health.unwell !== lane.health.unwell || health.limit !== lane.health.limit || blockedForMs() > 0
      if (!isNews && outcome !== 'failed' && !(outcome === 'delivered' && lane.health.isFailing))
        return undefined
      return { ...health, blockedForMs: blockedForMs(), outcome }
    },
  }
}
