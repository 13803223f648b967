import {
  releaseLane,
  retryDeadlocks,
  settleUnsent,
  sliceLane,
  unmarkRun,
  type DueKind,
  type SlicedDelivery,
} from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import { writeUntilStored } from '../record/write-until-stored.ts'
import { claimTurn, type DrainDeps, type Turn } from './claim-turn.ts'
import { keepHealth } from './keep-health.ts'
import { sendRetry } from './send-retry.ts'

/** Slices of one turn follow each other when this part of the limit is free again. */
const refillAt = 0.5
/** How often is looked whether others have been sent meanwhile. */
const lookAgainMs = 25
/** Every so many turns begin with one delivery that must be sent alone. */
const suspectsEveryTurns = 8
/** Deaths after which a delivery is set aside. */
const maxCrashes = 5

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
    const turn = await claimTurn(deps, subscription)
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
  while ((await hasRoom(turn)) && watch.limit() > 0) {
    const room = watch.limit() - open.size
    if ((await sliceNext(turn, room)) < room) return
    while (open.size > watch.limit() * refillAt && goesOn(turn))
      await oneEnds(open, until - performance.now())
  }
}

/** What nobody could send yet would only fill the memory: waits until fewer wait. False: the turn is over. */
async function hasRoom(turn: Turn): Promise<boolean> {
  const { retrySlots, pause } = turn.deps
  while (goesOn(turn) && retrySlots.isCrowded()) await pause(lookAgainMs)
  return goesOn(turn)
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
