import type { DeliveryRecord } from '@waybill/db'
import { catalogueById } from '@waybill/domain'
import { addressText } from '../triggers/address-text.ts'
import { orderStatus } from '../triggers/order-status.ts'
import { isObject } from './read-params.ts'

/**
 * A delivery as a row of "Webhook Jobs Index". `status` is the order's: the one told by version 2, or the one the order
 * had when version 3 told an event. `data` is the trigger as it was posted.
 */
export function jobRow(delivery: DeliveryRecord, data: string | undefined) {
  const entry = catalogueById(delivery.eventId)
  const order = readOrder(data)
  const isEvent = entry?.kind === 'order_event'
  return {
    id: delivery.id,
    webhook_out_sub_id: delivery.subscription,
    webhook_subscriber: delivery.subscriptionName,
    callback_url: delivery.url,
    order_id: readOrderId(delivery.orderId),
    address: addressText(order),
    event: isEvent ? entry.name : null,
    event_type: isEvent ? entry.shortName : null,
    status: isEvent ? orderStatus(order) : (entry?.name ?? null),
    status_code: delivery.lastCode,
    attempts: delivery.attempts,
    created_at: delivery.createdAt.toISOString(),
    last_sent_at: delivery.lastSentAt?.toISOString() ?? null,
  }
}

function readOrder(data: string | undefined): unknown {
  if (data === undefined) return undefined
  const trigger: unknown = JSON.parse(data)
  return isObject(trigger) ? (trigger['order'] ?? trigger['data']) : undefined
}

/** Order ids are kept as text; one that is a number goes out as one. */
function readOrderId(id: string | null): string | number | null {
  return id !== null && /^(0|[1-9]\d{0,14})$/.test(id) ? Number(id) : id
}
