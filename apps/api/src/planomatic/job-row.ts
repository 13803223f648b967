import type { JobRecord } from '@waybill/db'
import { catalogueById } from '@waybill/domain'
import { addressText } from '../triggers/address-text.ts'
import { isObject } from './read-params.ts'

/**
 * A delivery as a row of "Webhook Jobs Index" without a view. `status` is the order's: the one told by version 2, or the
 * one the order had when version 3 told an event, where it is one of the statuses that can be filtered by.
 */
export function basicJobRow(job: JobRecord) {
  const event = findEvent(job)
  return {
    id: job.id,
    webhook_out_sub_id: job.subscription,
    order_id: readOrderId(job.orderId),
    event_type: event?.shortName ?? null,
    status: job.orderStatus === null ? null : (catalogueById(job.orderStatus)?.name ?? null),
    status_code: job.lastCode,
    created_at: job.createdAt.toISOString(),
    last_sent_at: job.lastSentAt?.toISOString() ?? null,
  }
}

/** The row of `planointegrate_view`: all that can be searched for, too. */
export function fullJobRow(job: JobRecord) {
  return {
    ...basicJobRow(job),
    webhook_subscriber: job.subscriptionName,
    callback_url: job.url,
    address: addressText(readOrder(job.data)),
    event: findEvent(job)?.name ?? null,
    attempts: job.attempts,
  }
}

function findEvent({ eventId }: JobRecord) {
  const entry = catalogueById(eventId)
  return entry?.kind === 'order_event' ? entry : undefined
}

function readOrder(data: string | null): unknown {
  if (data === null) return undefined
  const trigger: unknown = JSON.parse(data)
  return isObject(trigger) ? (trigger['order'] ?? trigger['data']) : undefined
}

/** Order ids are kept as text; one that is a number goes out as one. */
function readOrderId(id: string | null): string | number | null {
  return id !== null && /^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : id
}
