import { planomaticDatetime } from './planomatic-datetime.ts'
import { rawChild, rawMember, writeObject } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart, occurredAtJson, orderIdJson } from './trigger-parts.ts'

/** The fields of a v3 order, with what stands in for a missing one. */
const ORDER_FIELDS: readonly (readonly [name: string, missing: string])[] = [
  ['external_property_id', 'null'],
  ['billing_entity_slug', 'null'],
  ['external_order_id', 'null'],
  ['metadata', 'null'],
  ['property', 'null'],
  ['services', '[]'],
  ['property_access', 'null'],
  ['appointment', 'null'],
  ['tour_links', 'null'],
  ['photo_urls', '[]'],
  ['floor_plan_urls', '[]'],
]

/**
 * The order view of API v3: shaped like its Create Order request, plus the event and what it produced
 * ("V3 Order Status Webhook", https://docs.planomatic.com/reference/v3-order-status-webhook). Other fields of the snapshot
 * follow as they came; the request's own members cannot be overwritten by them.
 */
export function renderPlanomaticV3(input: RenderInput, trigger: RawObject): string {
  const order = rawChild(trigger, freePart(input, trigger)?.name ?? 'order')
  const known: (readonly [string, string])[] = [
    ['request_id', JSON.stringify(input.deliveryUuid)],
    ['request_datetime', JSON.stringify(planomaticDatetime(input.acceptedAtMs))],
    ['event', JSON.stringify(eventName(input))],
    ['event_datetime', occurredAtJson(input, trigger)],
    ['order_id', orderIdJson(input, trigger)],
    ...ORDER_FIELDS.map(([name, missing]) => [name, rawMember(order, name) ?? missing] as const),
  ]
  const taken = new Set(known.map(([name]) => name))
  const others = [...order.members.keys()]
    .filter((name) => !taken.has(name))
    .map((name) => [name, rawMember(order, name)] as const)
  return writeObject([...known, ...others])
}
