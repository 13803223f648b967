import { signNursa, signPlanningCenter, signStandard, type DeliveryId } from '@waybill/domain'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'

export type SignedHeaders = { headers: Record<string, string>; signature: string }

const base = {
  'content-type': 'application/json',
  'user-agent': 'Waybill/0.1',
}

/**
 * The headers of one attempt. `webhook-id` is the delivery's UUID and stays the same on every attempt;
 * `webhook-timestamp` is the attempt's own, from the database's clock.
 *
 * @param eventName the event's name in the subscription's dialect
 */
export function signDelivery(
  subscriber: Subscriber,
  delivery: { id: DeliveryId; uuid: string; eventName: string; acceptedAtMs: number },
  body: string,
  secrets: readonly Buffer[],
  nowMs: number,
): SignedHeaders {
  const timestampSeconds = Math.floor(nowMs / 1000)
  switch (subscriber.settings.signature) {
    case 'standard':
    case 'none-standard-headers': {
      const signature = signStandard({ id: delivery.uuid, timestampSeconds, body, secrets })
      const headers = {
        ...base,
        'webhook-id': delivery.uuid,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': signature,
      }
      return { headers, signature }
    }
    case 'nursa': {
      const signature = signNursa({
        timestampSeconds,
        body,
        secrets: secrets.map((secret) => secret.toString()),
      })
      return { headers: { ...base, 'Nursa-Signature': signature }, signature }
    }
    case 'planning-center': {
      const signature = signPlanningCenter({ body, secret: secrets[0]?.toString() ?? '' })
      const headers = {
        ...base,
        'X-PCO-Webhooks-Event-ID': String(delivery.id),
        'X-PCO-Webhooks-Event': delivery.uuid,
        'X-PCO-Webhooks-Name': delivery.eventName,
        'X-PCO-Webhooks-Event-Time': new Date(delivery.acceptedAtMs).toISOString(),
        'X-PCO-Webhooks-Authenticity': signature,
      }
      return { headers, signature }
    }
    default:
      return subscriber.settings.signature satisfies never
  }
}
