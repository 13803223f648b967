import {
  readTriggerData,
  retryDeadlocks,
  setBack,
  settleUnsent,
  type LargeTrigger,
  type LaterOutcome,
  type SlicedDelivery,
  type StoredTrigger,
} from '@waybill/db'
import { statusCode } from '@waybill/domain'
import type { AttemptResult } from '../delivery/attempt-delivery.ts'
import { NotSent } from '../delivery/not-sent.ts'
import { OutcomeRefused } from '../record/store-singly.ts'
import { writeUntilStored } from '../record/write-until-stored.ts'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'
import type { DrainDeps } from './claim-turn.ts'

/** How long what cannot be recorded is left alone. */
const unrecordedPauseMs = 60_000

/**
 * Sends one marked delivery and resolves when its outcome is committed; 'kept' when it was not sent after all, or its
 * outcome is no longer wanted, and it keeps its mark, undefined when it makes no body and was settled. Never rejects.
 */
export async function sendRetry(
  deps: DrainDeps,
  subscriber: Subscriber,
  due: SlicedDelivery,
): Promise<AttemptResult | 'kept' | undefined> {
  const { trigger } = due
  const leaveRoom = 'data' in trigger ? undefined : await deps.payloadRoom.enter(trigger.bytes)
  const leave = await deps.retrySlots.enter()
  try {
    if (!deps.gate.isOpen() && !(await deps.gate.pass())) return 'kept'
    const whole = 'data' in trigger ? trigger : await readWhole(deps, trigger)
    const view = await deps.snapshot.viewAt(subscriber, due.revision)
    const shaped = deps.snapshot.inShapeOf(subscriber, due.profile)
    const result = await attemptOrGiveUp(deps, shaped, due, whole, view)
    if (!result) return undefined
    deps.breakers.report(subscriber.id, result.isWell, result.askedToWaitMs)
    const { decision } = result
    if (decision.kind === 'give-up' && decision.deactivate) deps.deactivate(subscriber.id, decision.reason)
    const isTaken = await deps.laterRecorder.record(laterOutcome(due, result))
    return isTaken ? result : 'kept'
  } catch (error) {
    if (error instanceof OutcomeRefused) return await setAside(deps, subscriber, due)
    if (error instanceof NotSent) await deps.notSent(error)
    else deps.logger.error('delivery.not-sent', { delivery: due.delivery, error })
    return 'kept'
  } finally {
    leave()
    leaveRoom?.()
  }
}

/** With the data that was left out of the slice. Throws when it cannot be read. */
async function readWhole({ sql }: DrainDeps, trigger: LargeTrigger): Promise<StoredTrigger> {
  const data = (await readTriggerData(sql, [trigger.id])).get(trigger.id)
  if (data === undefined) throw new Error(`trigger ${trigger.id} is gone`)
  return { ...trigger, data }
}

/** Sent, and nothing tells: not again at once, and not for ever. 'kept' when the database refuses even that. */
async function setAside(
  deps: DrainDeps,
  { id }: Subscriber,
  { delivery }: SlicedDelivery,
): Promise<'kept' | undefined> {
  const pauseMs = unrecordedPauseMs * deps.config.scheduleScale
  try {
    await writeUntilStored(() => setBack(deps.sql, id, delivery, pauseMs), deps)
    return undefined
  } catch (error) {
    deps.logger.error('delivery.not-set-aside', { delivery, error })
    return 'kept'
  }
}

/** Undefined: it makes no body, so nothing was sent, trying again cannot help, and it is settled. */
async function attemptOrGiveUp(
  deps: DrainDeps,
  subscriber: Subscriber,
  due: SlicedDelivery,
  trigger: StoredTrigger,
  view: string | null,
): Promise<AttemptResult | undefined> {
  try {
    return await deps.attempt({
      delivery: due.delivery,
      attempt: due.attempts + 1,
      failures: due.step,
      expiresAtMs: due.expiresAtMs,
      subscriber,
      view,
      trigger,
    })
  } catch (error) {
    if (error instanceof NotSent) throw error
    deps.logger.error('delivery.not-rendered', { delivery: due.delivery, error })
    const notice = subscriber.settings.mailAfter.giveUp ? 'delivery_given_up' : null
    await retryDeadlocks(() => settleUnsent(deps.sql, [due], 'render_failed', notice))
    return undefined
  }
}

function laterOutcome(due: SlicedDelivery, { row, decision, notices }: AttemptResult): LaterOutcome {
  const outcome = { delivery: due.delivery, generation: due.generation, attempt: row, notices }
  switch (decision.kind) {
    case 'delivered':
      return { ...outcome, status: statusCode('delivered'), err: null, retry: null }
    case 'retry': {
      const retry = { delayMs: decision.delayMs, step: decision.failures }
      return { ...outcome, status: statusCode('failed'), err: null, retry }
    }
    case 'give-up':
      return { ...outcome, status: statusCode('failed'), err: decision.reason, retry: null }
    default:
      return decision satisfies never
  }
}
