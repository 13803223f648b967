import { plannedHow, type ClaimedBatch, type FirstOutcome } from '@waybill/db'
import type { Slot } from '../delivery/create-send-slots.ts'
import { NotSent } from '../delivery/not-sent.ts'
import { createOpenBatch, type OpenBatch, type Tally } from './create-open-batch.ts'
import type { FanOutDeps } from './fan-out-batch.ts'
import {
  expiresAtMs,
  isSent,
  pendingOutcome,
  sentOutcome,
  unrenderedOutcome,
  unsentOutcome,
  type PlannedWork,
} from './first-outcome.ts'

const lookAgainMs = 10

/**
 * Sends the plan of a batch this worker owns. Resolves when every delivery has begun, was left to its lane or waits for
 * its own subscription; `settled` resolves when every outcome is committed.
 */
export async function sendPlan(
  deps: FanOutDeps,
  { id: batch, bulk }: Pick<ClaimedBatch, 'id' | 'bulk'>,
  plan: readonly PlannedWork[],
): Promise<{ settled: Promise<Tally> }> {
  if (plan.length === 0) {
    return { settled: deps.firstRecorder.record({ outcomes: [], finishes: batch }).then(() => ({})) }
  }
  const open = createOpenBatch(batch, plan.length, deps.firstRecorder)
  let waits = false
  for (const work of plan) {
    if (!isSent(work.planned)) open.add(unsentOutcome(work))
    else if (work.planned.how === plannedHow.pending || !sendsNow(deps, work))
      open.add(pendingOutcome(work, 0))
    else {
      while (deps.payloadRoom.isCrowded(work.trigger.data)) await deps.pause(lookAgainMs)
      const room = deps.slots.room(bulk)
      if (room) await room
      if (begin(deps, open, { ...work, bulk }) === 'waits') waits = true
    }
  }
  // Another batch would only make the queue longer.
  while (waits && deps.slots.isCrowded(bulk)) await deps.pause(lookAgainMs)
  return { settled: open.settled }
}

type Work = PlannedWork & Pick<ClaimedBatch, 'bulk'>

/** The parts of a split plan may begin long after it was made. An endpoint in trouble gets what its lane lets through. */
const sendsNow = ({ breakers }: FanOutDeps, { subscriber }: PlannedWork): boolean =>
  subscriber.state === 'active' && !subscriber.deleted && !breakers.isOpen(subscriber.id)

/** A wish for a slot that has to wait must hold up neither the plan's other subscriptions nor other batches. */
function begin(deps: FanOutDeps, open: OpenBatch, work: Work): 'begun' | 'waits' {
  const wish = deps.slots.enter(work.subscriber.id, work.subscriber.inFlightLimit, work.bulk)
  if (!(wish instanceof Promise)) {
    void send(deps, open, work, wish)
    return 'begun'
  }
  void wish.then((slot) => send(deps, open, work, slot))
  return 'waits'
}

async function send(deps: FanOutDeps, open: OpenBatch, work: Work, slot: Slot): Promise<void> {
  if (slot === 'saturated') {
    open.add(pendingOutcome(work, 0))
    return
  }
  const leaveRoom = deps.payloadRoom.tryEnter(work.subscriber.id, work.trigger.data)
  if (!leaveRoom) {
    open.add(pendingOutcome(work, 0))
    slot.release()
    return
  }
  try {
    const view = await viewFor(deps, work)
    const allowed = view !== undefined && (deps.gate.isOpen(work.bulk) || (await deps.gate.pass(work.bulk)))
    open.add(allowed ? await attemptFirst(deps, work, view) : pendingOutcome(work, 0))
  } catch (error) {
    open.add(await outcomeWithout(deps, work, error))
  } finally {
    slot.release()
    leaveRoom()
  }
}

/** Of a delivery that was not sent: later, where it is this process that could not, else never. */
async function outcomeWithout(deps: FanOutDeps, work: PlannedWork, error: unknown): Promise<FirstOutcome> {
  if (error instanceof NotSent) {
    await deps.notSent(error)
    return pendingOutcome(work, 0)
  }
  deps.logger.error('delivery.not-rendered', { delivery: work.delivery, error })
  return unrenderedOutcome(work)
}

async function attemptFirst(deps: FanOutDeps, work: PlannedWork, view: string | null) {
  const { subscriber, delivery, trigger } = work
  const result = await deps.attempt({
    delivery,
    attempt: 1,
    failures: 0,
    expiresAtMs: expiresAtMs(work),
    subscriber,
    view,
    trigger,
  })
  const { decision } = result
  deps.breakers.report(subscriber.id, result.isWell, result.askedToWaitMs)
  if (decision.kind === 'give-up' && decision.deactivate) deps.deactivate(subscriber.id, decision.reason)
  return sentOutcome(work, result)
}

/** Undefined: an older revision that cannot be read now, so the lane shall send it. */
async function viewFor(
  deps: FanOutDeps,
  { subscriber, planned }: PlannedWork,
): Promise<string | null | undefined> {
  try {
    return await deps.snapshot.viewAt(subscriber, planned.revision)
  } catch (error) {
    deps.logger.warn('revision.unread', { subscription: subscriber.id, revision: planned.revision, error })
    return undefined
  }
}
