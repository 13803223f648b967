import { catalogueById } from '../catalogue.ts'
import { rawMember } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'

/** What the profile calls the event; the canonical name where it has no word of its own. */
export function eventName(input: RenderInput): string {
  const entry = catalogueById(input.eventId)
  if (!entry) throw new RangeError(`not in the catalogue: ${input.eventId}`)
  return entry.dialects[input.profile] ?? entry.name
}

/** The trigger's free part, `order` for order triggers and `data` for facility events (or the other, if it is the one sent). */
export function freePart(
  input: RenderInput,
  trigger: RawObject,
): { name: 'order' | 'data'; json: string } | undefined {
  const facility = catalogueById(input.eventId)?.kind === 'facility_event'
  for (const name of facility ? (['data', 'order'] as const) : (['order', 'data'] as const)) {
    const json = rawMember(trigger, name)
    if (json !== undefined) return { name, json }
  }
  return undefined
}

/** The order's id in the spelling of the trigger (a number stays a number), or `null`. */
export function orderIdJson(input: RenderInput, trigger: RawObject): string {
  return rawMember(trigger, 'order_id') ?? JSON.stringify(input.orderId)
}

/** When it happened, as the order system wrote it; the accept time when it did not say. */
export function occurredAtJson(input: RenderInput, trigger: RawObject): string {
  const occurredAt = rawMember(trigger, 'occurred_at')
  return occurredAt?.startsWith('"') ? occurredAt : JSON.stringify(new Date(input.acceptedAtMs).toISOString())
}
