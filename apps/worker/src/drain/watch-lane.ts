import type { ClaimedLane, LaneReport } from '@waybill/db'
import type { AttemptResult } from '../delivery/attempt-delivery.ts'
import { healthAfter, maxBlockedMs, unwellToOpen, type LaneHealth } from './lane-health.ts'

/** What one turn learns about the endpoint behind its lane. */
export type LaneWatch = {
  /** How many requests may be open now; 0: no more in this turn. */
  limit(): number
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
  let blockedForMs = 0
  return {
    limit: () => (blockedForMs > 0 ? 0 : (health.limit ?? lane.limit)),
    add: ({ isWell, decision, askedToWaitMs }) => {
      health = healthAfter(health, isWell, lane.limit)
      if (decision.kind === 'delivered') outcome = 'delivered'
      else if (outcome === 'nothing') outcome = 'failed'
      const pauseMs = isWell || health.unwell < unwellToOpen ? 0 : probePauseMs
      blockedForMs = Math.max(blockedForMs, pauseMs, Math.min(askedToWaitMs, maxBlockedMs))
    },
    report: () => {
      const isNews =
        health.unwell !== lane.health.unwell || health.limit !== lane.health.limit || blockedForMs > 0
      if (!isNews && outcome !== 'failed' && !(outcome === 'delivered' && lane.health.isFailing))
        return undefined
      return { ...health, blockedForMs, outcome }
    },
  }
}
