import { hash } from 'node:crypto'
import type { EventAttempt, EventRecord } from '@waybill/db'
import { attemptId, catalogueById, renderBody, type PublicIds } from '@waybill/domain'
import { addressOf, type Call } from './call.ts'
import type { Resource } from './document.ts'
import { renderInput } from './event-resource.ts'
import { instant } from './subscription-resource.ts'

/** An attempt as a "Delivery" (https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/delivery). */
export function attemptResource(
  call: Call,
  publicIds: PublicIds,
  event: EventRecord,
  attempt: EventAttempt,
  view: string | null,
): Resource {
  const id = attemptId(attempt.delivery, attempt.n)
  const sentAt = attempt.sentAt ?? event.createdAt
  const answered = attempt.code !== null
  return {
    type: 'Delivery',
    id,
    attributes: {
      created_at: instant(sentAt),
      object_url: attempt.url,
      request_body: requestBody(publicIds, event, attempt, view),
      request_headers: requestHeaders(publicIds, event, attempt),
      response_body: attempt.responseBody?.toString('utf8') ?? (answered ? '' : null),
      response_headers: attempt.responseHeaders,
      status: attempt.code,
      timing: attempt.ms === null ? null : attempt.ms / 1_000,
      updated_at: instant(new Date(sentAt.getTime() + (attempt.ms ?? 0))),
    },
    relationships: { event: { data: { type: 'Event', id: String(event.id) } } },
    links: {
      self: addressOf(call, call.prefix, event.subscription, 'events', event.id, 'deliveries', id),
    },
  }
}

/**
 * The very bytes that went out, made again of what they were made of. Null where that is not what was sent: the hash kept of
 * each request tells, and the code that renders may have changed since. An attempt whose worker died has no hash.
 */
function requestBody(
  publicIds: PublicIds,
  event: EventRecord,
  { n, bodyHash }: EventAttempt,
  view: string | null,
): string | null {
  const input = renderInput(publicIds, event, { attempt: n, view })
  if (!input) return null
  const body = renderBody(input)
  return bodyHash && !bodyHash.equals(hash('sha256', body, 'buffer')) ? null : body
}

/** The headers that make it a webhook, as JSON text; those of the connection are not kept. */
function requestHeaders(
  publicIds: PublicIds,
  { id, told }: EventRecord,
  { signature }: EventAttempt,
): string {
  const name = told && catalogueById(told.eventId)?.dialects['planning-center']
  return JSON.stringify({
    'Content-Type': 'application/json',
    'X-PCO-Webhooks-Event-ID': String(id),
    'X-PCO-Webhooks-Event': publicIds.encode('delivery', id),
    'X-PCO-Webhooks-Name': name,
    'X-PCO-Webhooks-Event-Time': told && new Date(told.createdAtMs).toISOString(),
    'X-PCO-Webhooks-Authenticity': signature ?? undefined,
  })
}
