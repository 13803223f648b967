import { claimLane, freeOwned, laneDueInMs, retryDeadlocks, type ClaimedLane } from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import type { WorkerDeps } from '../deps.ts'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'
import { isOpen } from './lane-health.ts'
import { watchLane, type LaneWatch } from './watch-lane.ts'

export type DrainDeps = Pick<
  WorkerDeps,
  | 'sql'
  | 'lease'
  | 'snapshot'
  | 'retrySlots'
  | 'payloadRoom'
  | 'suspectTurns'
  | 'gate'
  | 'laterRecorder'
  | 'attempt'
  | 'notSent'
  | 'wakeUps'
  | 'logger'
  | 'held'
  | 'deactivate'
  | 'pause'
  | 'breakers'
  | 'config'
>

/** A drain takes slices for this long, then the lane goes back to the tail so that lanes take turns. */
const turnMs = 2_000
/** One whose breaker is open has a few probes to send, and nothing to wait here for until they are answered. */
const probeTurnMs = 250
/** Wake-ups of a lane within about this time share an id. */
const sameIdMs = 1_000
/** How long an open breaker waits after a probe that failed, so that tries are not burnt meanwhile. */
const probePauseMs = 5_000

/** One drain of a lane that this worker owns meanwhile. */
export type Turn = {
  deps: DrainDeps
  lane: ClaimedLane
  subscriber: Subscriber
  watch: LaneWatch
  /** End of the turn on the monotonic clock, ms. */
  until: number
  open: Set<Promise<void>>
  taken: number
  /** Something that was marked was not sent: this run's marks are taken back at its end. */
  leftMarks: boolean
}

/** Undefined: the lane is not free, has nothing due, or is not for this version. A wake-up that came early is set again. */
export async function claimTurn(deps: DrainDeps, subscription: SubscriptionId): Promise<Turn | undefined> {
  const lane = await retryDeadlocks(() => claimLane(deps.sql, subscription, deps.lease.worker))
  if (!lane) {
    await rearm(deps, subscription)
    return undefined
  }
  faultPoint('drain.claimed')
  await deps.snapshot.ensure(lane.configVersion)
  const subscriber = deps.snapshot.byId(subscription)
  if (!subscriber) return leaveToNewer(deps, subscription, lane)
  return {
    deps,
    lane,
    subscriber,
    watch: watchLane(lane, probePauseMs * deps.config.scheduleScale),
    until: performance.now() + (isOpen(lane.health) ? probeTurnMs : turnMs),
    open: new Set(),
    taken: 0,
    leftMarks: false,
  }
}

/** Of a profile this version does not know: given back at once, so that a worker that knows it finds it free. */
async function leaveToNewer(
  { sql, lease, logger }: DrainDeps,
  subscription: SubscriptionId,
  { run }: ClaimedLane,
): Promise<undefined> {
  await freeOwned(sql, lease.worker, { batches: new Map(), lanes: new Map([[subscription, run]]) })
  logger.info('lane.left-to-newer', { subscription })
}

/** Queue clocks are not the database's: a wake-up that came early is set again. */
async function rearm(deps: DrainDeps, subscription: SubscriptionId): Promise<void> {
  const dueInMs = await laneDueInMs(deps.sql, subscription)
  if (dueInMs === undefined || dueInMs <= 0) return
  // Only what falls into this job's own half second needs an id of its own; all other wake-ups of that time are one.
  deps.wakeUps.drain(subscription, dueInMs, { again: dueInMs < sameIdMs })
}
