import { plannedHow, type FirstOutcome, type PlannedDelivery, type StoredTrigger } from '@waybill/db'
import {
  catalogueById,
  statusCode,
  type AttemptNotice,
  type DeliveryId,
  type DeliveryStatus,
} from '@waybill/domain'
import type { AttemptResult } from '../delivery/attempt-delivery.ts'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'

/** A planned delivery with all that is needed to send or record it. */
export type PlannedWork = {
  delivery: DeliveryId
  planned: PlannedDelivery
  trigger: StoredTrigger
  subscriber: Subscriber
}

const noNotices: readonly AttemptNotice[] = []

function base(
  { delivery, planned, trigger, subscriber }: PlannedWork,
  status: DeliveryStatus,
  err: string | null,
) {
  const isStatus = catalogueById(trigger.eventId)?.kind === 'order_status'
  return {
    delivery,
    trigger: trigger.id,
    integration: trigger.integration,
    subscription: planned.subscription,
    revision: planned.revision,
    profile: subscriber.profile,
    status: statusCode(status),
    eventId: trigger.eventId,
    createdAtMs: trigger.createdAtMs,
    orderStatus: isStatus ? trigger.eventId : trigger.orderStatus,
    err,
    notices: noNotices,
  }
}

/** The end of the delivery's horizon, were its subscription never paused. */
export const expiresAtMs = ({ trigger, subscriber }: PlannedWork): number =>
  trigger.createdAtMs + subscriber.horizonMs

/** The same on the subscription's own clock, which stands still while it is paused: what a due row holds. */
function expiresOnItsClockMs(work: PlannedWork): number {
  const { pausedMs, pausedAtMs } = work.subscriber
  const inThisPauseMs = pausedAtMs === null ? 0 : Math.max(0, work.trigger.createdAtMs - pausedAtMs)
  return expiresAtMs(work) - pausedMs - inThisPauseMs
}

/** Left to the lane, due now; `crashes` 1 when a dead worker may have sent it already. */
export function pendingOutcome(work: PlannedWork, crashes: number): FirstOutcome {
  if (work.subscriber.deleted)
    return { ...base(work, 'failed', 'subscription_deleted'), attempt: null, due: null }
  const due = { delayMs: 0, expiresAtMs: expiresOnItsClockMs(work), step: 0, crashes }
  return { ...base(work, 'pending', null), attempt: null, due }
}

/** False for what the plan records without ever sending it. */
export const isSent = ({ how }: PlannedDelivery): boolean =>
  how === plannedHow.send || how === plannedHow.pending

/** Never sent: skipped or duplicated. */
export function unsentOutcome(work: PlannedWork): FirstOutcome {
  const status = work.planned.how === plannedHow.skipped ? 'skipped' : 'duplicated'
  return { ...base(work, status, null), attempt: null, due: null }
}

/** The view or the trigger made no body: nothing was sent and trying again cannot help. */
export function unrenderedOutcome(work: PlannedWork): FirstOutcome {
  const notices = work.subscriber.settings.mailAfter.giveUp ? (['delivery_given_up'] as const) : noNotices
  return { ...base(work, 'failed', 'render_failed'), notices, attempt: null, due: null }
}

/** Sent once. */
export function sentOutcome(work: PlannedWork, result: AttemptResult): FirstOutcome {
  const { row, decision, notices } = result
  switch (decision.kind) {
    case 'delivered':
      return { ...base(work, 'delivered', null), attempt: row, due: null }
    case 'retry': {
      const due = {
        delayMs: decision.delayMs,
        expiresAtMs: expiresOnItsClockMs(work),
        step: decision.failures,
        crashes: 0,
      }
      return { ...base(work, 'failed', null), notices, attempt: row, due }
    }
    case 'give-up':
      return { ...base(work, 'failed', decision.reason), notices, attempt: row, due: null }
    default:
      return decision satisfies never
  }
}
