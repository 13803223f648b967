import { hash } from 'node:crypto'
import { catalogueById } from '../catalogue.ts'
import { rawMember, readRaw, writeObject } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart, occurredAtJson } from './trigger-parts.ts'

/**
 * One JSON:API `EventDelivery` whose payload is JSON text inside JSON ("Webhooks",
 * https://api.planningcenteronline.com/docs/overview/webhooks). The attempt number makes each attempt's body its own.
 */
export function renderPlanningCenter(input: RenderInput, trigger: RawObject): string {
  return JSON.stringify({
    data: [
      {
        id: input.deliveryUuid,
        type: 'EventDelivery',
        attributes: {
          name: eventName(input),
          attempt: input.attempt,
          payload: renderPayload(input, trigger),
        },
        relationships: {
          organization: { data: { type: 'Organization', id: String(input.organizationId) } },
        },
      },
    ],
  })
}

/**
 * What a delivery tells, the same on every attempt: the text of one JSON:API document. It is what an `Event` shows as its
 * `payload` ("Event", https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/event).
 */
export function planningCenterPayload(input: RenderInput): string {
  return renderPayload(input, readRaw(input.data))
}

/** Who the trigger says caused it, as text; null when it names nobody. */
export function triggerPerson(data: string): string | null {
  return idText(rawMember(readRaw(data), 'person')) ?? null
}

function renderPayload(input: RenderInput, trigger: RawObject): string {
  const part = freePart(input, trigger)?.json ?? '{}'
  return isDocument(part) ? part : writeDocument(input, trigger, part)
}

/** An order system that already speaks JSON:API says more of its own things than we know. */
function isDocument(json: string): boolean {
  const data = rawMember(readRaw(json), 'data')
  if (data === undefined) return false
  const resource = readRaw(data)
  return ['type', 'id'].every((name) => /^"./.test(rawMember(resource, name) ?? ''))
}

/** The trigger's own part stands in `attributes` letter for letter. */
function writeDocument(input: RenderInput, trigger: RawObject, attributes: string): string {
  const token = idempotencyToken(input, trigger)
  const { type, id } = identify(input, attributes, token)
  return writeObject([
    [
      'data',
      writeObject([
        ['type', JSON.stringify(type)],
        ['id', JSON.stringify(id)],
        ['attributes', attributes],
        ['relationships', relationships(input, trigger, type)],
        ['links', '{}'],
      ]),
    ],
    ['included', '[]'],
    [
      'meta',
      writeObject([
        ['parent', identifier('Organization', String(input.organizationId))],
        ['event_time', occurredAtJson(input, trigger)],
        ['idempotency_token', JSON.stringify(token)],
      ]),
    ],
  ])
}

/** The thing it happened to, of the type that its id is one of: an appointment is told of with its order's id. */
function identify(input: RenderInput, attributes: string, token: string): { type: string; id: string } {
  const entry = catalogueById(input.eventId)
  const order = { type: entry?.kind === 'facility_event' ? 'Shift' : 'Order', id: input.orderId }
  const facilityId = input.facilityId ?? idText(rawMember(readRaw(attributes), 'facilityId')) ?? null
  const facility = { type: 'Facility', id: facilityId }
  const [first, second] = entry?.name.startsWith('facility.') ? [facility, order] : [order, facility]
  for (const { type, id } of [first, second]) if (id !== null) return { type, id }
  return { type: first.type, id: token }
}

function relationships(input: RenderInput, trigger: RawObject, type: string): string {
  const person = idText(rawMember(trigger, 'person'))
  const facility = type === 'Facility' ? null : input.facilityId
  return writeObject([
    ['facility', facility === null ? undefined : writeObject([['data', identifier('Facility', facility)]])],
    ['person', person === undefined ? undefined : writeObject([['data', identifier('Person', person)]])],
  ])
}

const identifier = (type: string, id: string): string => JSON.stringify({ id, type })

/** The order system's own id of the occurrence, else a hash of the trigger: equal for all that it was delivered to. */
function idempotencyToken(input: RenderInput, trigger: RawObject): string {
  const occurrence = idText(rawMember(trigger, 'occurrence_id'))
  if (occurrence !== undefined) return occurrence
  const { organizationId, acceptedAtMs, data } = input
  return hash('sha256', `${organizationId} ${Math.floor(acceptedAtMs)} ${data}`).slice(0, 32)
}

/** A JSON text or number as text, a whole number in its own digits; undefined for anything else and for no text at all. */
function idText(json: string | undefined): string | undefined {
  if (json === undefined || !/^["\d-]/.test(json)) return undefined
  return /^-?\d+$/.test(json) ? json : String(JSON.parse(json)) || undefined
}
