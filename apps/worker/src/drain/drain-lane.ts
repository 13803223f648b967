import {
  claimLane,
  freeOwned,
  laneDueInMs,
  releaseLane,
  retryDeadlocks,
  settleUnsent,
  sliceLane,
  unmarkRun,
  type ClaimedLane,
  type DueKind,
  type SlicedDelivery,
} from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import type { WorkerDeps } from '../deps.ts'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'
import { writeUntilStored } from '../record/write-until-stored.ts'
import { keepHealth } from './keep-health.ts'
import { isOpen } from './lane-health.ts'
import { sendRetry } from './send-retry.ts'
import { watchLane, type LaneWatch } from './watch-lane.ts'

export type DrainDeps = Pick<
  WorkerDeps,
  | 'sql'
  | 'lease'
  | 'snapshot'
  | 'retrySlots'
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
/** Slices of one turn follow each other when this part of the limit is free again. */
const refillAt = 0.5
/** Wake-ups of a lane within about this time share an id. */
const sameIdMs = 1_000
/** Every so many turns begin with one delivery that must be sent alone. */
const suspectsEveryTurns = 8
/** How long an open breaker waits after a probe that failed, so that tries are not burnt meanwhile. */
const probePauseMs = 5_000
/** Deaths after which a delivery is set aside. */
const maxCrashes = 5

type Turn = {
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

/**
 * Claim the lane → slice → send and record → release. Resolves when this turn's last slice is taken; what is open
 * settles in the background and then frees the lane. A wake-up for a lane with nothing to do does nothing.
 */
export async function drainLane(deps: DrainDeps, subscription: SubscriptionId): Promise<void> {
  faultPoint('drain.job-taken')
  // Held before anything is waited for: a second wake-up of the same lane must find it held, and what is this worker's
  // but not held is freed again by the sweep.
  const letGo = deps.held.lanes.take(subscription)
  if (!letGo) return
  try {
    if (!(await deps.gate.pass())) return letGo()
    const turn = await claim(deps, subscription)
    if (!turn) return letGo()
    await takeSlices(turn).catch((error: unknown) => fail(turn, error))
    void finish(turn)
      .catch((error: unknown) => deps.logger.error('lane.not-released', { subscription, error }))
      .finally(letGo)
  } catch (error) {
    letGo()
    throw error
  }
}

async function claim(deps: DrainDeps, subscription: SubscriptionId): Promise<Turn | undefined> {
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

async function release(deps: DrainDeps, subscription: SubscriptionId): Promise<void> {
  const dueInMs = await writeUntilStored(() => releaseLane(deps.sql, subscription, deps.lease.worker), deps)
  faultPoint('drain.released')
  if (dueInMs !== undefined) deps.wakeUps.drain(subscription, dueInMs, { again: true })
}

const goesOn = ({ deps, until }: Turn) => performance.now() < until && deps.gate.isOpen()

async function takeSlices(turn: Turn): Promise<void> {
  const { lane, until, open, watch } = turn
  // A lane that is never empty would keep its suspects waiting until their horizon.
  if (lane.hasSuspects && lane.run % suspectsEveryTurns === 0) await sendSuspect(turn)
  while (goesOn(turn) && watch.limit() > 0) {
    const room = watch.limit() - open.size
    if ((await sliceNext(turn, room)) < room) return
    while (open.size > watch.limit() * refillAt && goesOn(turn))
      await oneEnds(open, until - performance.now())
  }
}

/** Resolves when one of the sends has ended, at the latest after `ms`. */
async function oneEnds(open: Set<Promise<void>>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const turnEnds = new Promise<void>((resolve) => (timer = setTimeout(resolve, Math.max(0, ms))))
  await Promise.race([...open, turnEnds])
  clearTimeout(timer)
}

/** A slice that failed may have marked without our knowing; what is open goes on and ends the turn in order. */
function fail(turn: Turn, error: unknown): void {
  turn.leftMarks = true
  turn.deps.logger.warn('lane.not-sliced', { subscription: turn.subscriber.id, error })
}

async function finish(turn: Turn): Promise<void> {
  const { deps, lane, subscriber, open } = turn
  await Promise.all(open)
  if (turn.taken === 0 && !turn.leftMarks)
    await sendSuspects(turn).catch((error: unknown) => fail(turn, error))
  await Promise.all(open)
  const { leftMarks, taken } = turn
  if (leftMarks) await writeUntilStored(() => unmarkRun(deps.sql, subscriber.id, lane.run), deps)
  faultPoint('drain.sent')
  await keepHealth(turn).catch((error: unknown) =>
    deps.logger.warn('lane.health-not-kept', { subscription: subscriber.id, error }),
  )
  await release(deps, subscriber.id)
  deps.logger.info('lane.drained', { subscription: subscriber.id, run: lane.run, taken, leftMarks })
}

/**
 * Only where nothing else is due: a suspect is sent with nothing beside it in its lane. A lane without any must not wait
 * behind those of others.
 */
async function sendSuspects(turn: Turn): Promise<void> {
  if (!turn.lane.hasSuspects) return
  while (goesOn(turn) && turn.watch.limit() > 0 && (await sendSuspect(turn)) > 0);
}

/** Marked only when its turn has come: who dies before that has not died of it. Resolves when it is settled. */
async function sendSuspect(turn: Turn): Promise<number> {
  const end = await turn.deps.suspectTurns.take(turn.until - performance.now())
  if (!end) return 0
  try {
    const taken = await slice(turn, 1, true)
    await Promise.all(turn.open)
    return taken
  } finally {
    end()
  }
}

async function sliceNext(turn: Turn, room: number): Promise<number> {
  const next = turn.watch.next()
  if (next === 'all') return slice(turn, room, false)
  const retries = await slice(turn, room, false, 'retries')
  if (next === 'retries' || retries > 0) return retries
  // One at a time: it is a probe.
  return slice(turn, Math.min(room, 1), false, 'firsts')
}

/** Marks the next deliveries and starts their sends; returns how many were taken. */
async function slice(turn: Turn, limit: number, suspects: boolean, which: DueKind = 'all'): Promise<number> {
  const { deps, lane, subscriber, open } = turn
  if (limit < 1) return 0
  const wanted = { limit, suspects, which }
  const sliced = await sliceLane(deps.sql, subscriber.id, deps.lease.worker, lane.run, wanted)
  turn.taken += sliced.length
  if (sliced.length > 0) faultPoint('drain.sliced')
  const hopeless = (due: SlicedDelivery) => due.expired || due.crashes >= maxCrashes
  for (const due of sliced.filter((one) => !hopeless(one))) {
    const sending: Promise<void> = sendRetry(deps, subscriber, due).then((result) => {
      if (result === 'kept') turn.leftMarks = true
      else if (result) turn.watch.add(result)
      open.delete(sending)
    })
    open.add(sending)
  }
  await retryDeadlocks(() => settle(turn, sliced.filter(hopeless)))
  return sliced.length
}

async function settle({ deps, subscriber }: Turn, hopeless: readonly SlicedDelivery[]): Promise<void> {
  const crashed = hopeless.filter((due) => due.crashes >= maxCrashes)
  const expired = hopeless.filter((due) => due.crashes < maxCrashes)
  if (crashed.length > 0) {
    await settleUnsent(deps.sql, crashed, 'quarantined', 'delivery_quarantined')
    deps.logger.error('delivery.quarantined', { deliveries: crashed.map((due) => due.delivery) })
  }
  const notice = subscriber.settings.mailAfter.giveUp ? 'delivery_given_up' : null
  if (expired.length > 0) await settleUnsent(deps.sql, expired, 'expired', notice)
}
