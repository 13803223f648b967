import type { AttemptRecord, DeliveryRecord } from '@waybill/db'
import { attemptId, catalogueById, profileByCode, statusByCode, type PublicIds } from '@waybill/domain'

/** What the worker keeps of an answer; a body this long was cut there. */
const keptBytes = 16_384

/** A delivery as the native API shows it. */
export function deliveryJson(publicIds: PublicIds, delivery: DeliveryRecord) {
  const profile = profileByCode(delivery.profile)
  const event = catalogueById(delivery.eventId)
  return {
    id: publicIds.encode('delivery', delivery.id),
    trigger_id: publicIds.encode('trigger', delivery.trigger),
    integration_id: delivery.integration,
    subscription: {
      id: publicIds.encode('subscription', delivery.subscription),
      key: delivery.subscriptionKey,
      name: delivery.subscriptionName,
    },
    event: (profile && event?.dialects[profile]) ?? event?.name ?? null,
    order_id: delivery.orderId,
    facility_id: delivery.facilityId,
    status: statusByCode(delivery.status) ?? 'unknown',
    err: delivery.err,
    attempt_count: delivery.attempts,
    response_status: delivery.lastCode,
    created_at: delivery.createdAt.toISOString(),
    last_sent_at: delivery.lastSentAt?.toISOString() ?? null,
    next_attempt_at: delivery.nextAttemptAt?.toISOString() ?? null,
  }
}

/** One attempt. Bytes of the answer that are no UTF-8 show as U+FFFD. */
export function attemptJson(attempt: AttemptRecord) {
  const body = attempt.responseBody
  return {
    id: attemptId(attempt.delivery, attempt.n),
    n: attempt.n,
    sent_at: attempt.sentAt?.toISOString() ?? null,
    duration_ms: attempt.ms,
    response_status: attempt.code,
    error: attempt.err,
    response_body: body && { text: body.toString('utf8'), truncated: body.length >= keptBytes },
  }
}
