import { createHash } from 'node:crypto'
import type { NewTrigger } from '@waybill/db'
import { findEvent, triggerSearchText, type CatalogueEntry, type IntegrationId } from '@waybill/domain'
import { checkTimestamp } from '../http/check-timestamp.ts'
import type { JsonObject } from '../http/parse-json-body.ts'
import type { FieldProblem } from '../http/problem.ts'
import { readId } from '../http/read-id.ts'
import { readIntegrationId } from '../http/read-integration-id.ts'
import { refuseUnknown } from '../http/unknown-field.ts'
import { addressText } from './address-text.ts'
import { checkEvent } from './check-event.ts'
import { checkFacilityData, readFacility } from './check-facility-data.ts'
import { orderStatus } from './order-status.ts'

const known: ReadonlySet<string> = new Set([
  'integration_id',
  'kind',
  'name',
  'order_id',
  'occurred_at',
  'facility_id',
  'person',
  'occurrence_id',
  'order',
  'data',
])
const readOnly: ReadonlySet<string> = new Set([
  'id',
  'status',
  'state',
  'attempts',
  'deliveries',
  'accepted_at',
  'created_at',
  'updated_at',
  'tenant_id',
])

/** What one trigger may have, alone or within a batch. */
export const maxTriggerBytes = 262_144

export type CheckedTrigger = { integration: IntegrationId; trigger: NewTrigger }

/**
 * Checks one trigger; everything wrong with it goes to `problems`, under `prefix`. `raw` is its JSON text, kept as it is.
 * By hand rather than with a schema library: this runs for every trigger and costs a tenth of it.
 */
export function checkTrigger(
  value: JsonObject,
  raw: string,
  prefix: string,
  nowMs: number,
  problems: FieldProblem[],
): CheckedTrigger | undefined {
  const before = problems.length
  refuseUnknown(prefix, Object.keys(value), { known, readOnly }, problems)
  const integration = readIntegrationId(value['integration_id'], `${prefix}/integration_id`, problems)
  const event = checkEvent(value['kind'], value['name'], prefix, problems)
  checkPart(value, prefix, problems)
  const orderId = readOrderId(value, event, prefix, problems)
  const facilityId = readFacilityId(value, event, prefix, problems)
  optionalId(value, 'person', 'invalid_person', 128, prefix, problems)
  const occurrence = optionalId(value, 'occurrence_id', 'invalid_occurrence_id', 255, prefix, problems)
  const late =
    value['occurred_at'] === undefined
      ? undefined
      : checkTimestamp(value['occurred_at'], `${prefix}/occurred_at`, nowMs)
  if (late) problems.push(late)
  if (problems.length > before || integration === undefined || !event) return undefined
  return {
    integration,
    trigger: {
      eventId: event.id,
      orderId,
      facilityId,
      orderStatus: event.kind === 'order_event' ? statusOfOrder(value['order'] ?? value['data']) : null,
      search:
        event.kind === 'facility_event'
          ? null
          : triggerSearchText(addressText(value['order'] ?? value['data']), orderId),
      occurrence: occurrence === null ? null : createHash('sha256').update(occurrence).digest(),
      data: raw,
    },
  }
}

/** The catalogue id of the status an order has; null for none, or one of its own. */
function statusOfOrder(order: unknown): number | null {
  const name = orderStatus(order)
  return name === null ? null : (findEvent('order_status', name)?.id ?? null)
}

function checkPart(value: JsonObject, prefix: string, problems: FieldProblem[]): void {
  const { order, data } = value
  if ((order === undefined) === (data === undefined)) {
    const message = 'Send either order or data, an object that says what happened.'
    problems.push({ pointer: prefix, code: 'one_of_required', message })
    return
  }
  const part = order ?? data
  if (typeof part === 'object' && part !== null && !Array.isArray(part)) return
  const name = order === undefined ? 'data' : 'order'
  problems.push({ pointer: `${prefix}/${name}`, code: 'invalid_type', message: `${name} is an object.` })
}

/** Facility events name their shift instead; an order id that cannot be used as one is then left out. */
function readOrderId(
  value: JsonObject,
  event: CatalogueEntry | undefined,
  prefix: string,
  problems: FieldProblem[],
): string | null {
  const pointer = `${prefix}/order_id`
  const rule = { pointer, code: 'invalid_order_id', max: 128 } as const
  if (value['order_id'] !== undefined) return readId(value['order_id'], rule, problems) ?? null
  if (event?.kind === 'facility_event') {
    const shift = (value['data'] as JsonObject | undefined)?.['shiftId']
    return shift === undefined ? null : (readId(shift, rule, []) ?? null)
  }
  if (event) problems.push({ pointer, code: 'required', message: 'order_id is missing.' })
  return null
}

/** Facility events say in their data what they are about; the facility is taken from there if it stands nowhere else. */
function readFacilityId(
  value: JsonObject,
  event: CatalogueEntry | undefined,
  prefix: string,
  problems: FieldProblem[],
): string | null {
  const given = optionalId(value, 'facility_id', 'invalid_facility_id', 128, prefix, problems)
  const name = value['data'] === undefined ? 'order' : 'data'
  const data = value[name]
  if (event?.kind !== 'facility_event' || !isObject(data)) return given
  checkFacilityData(event.name, data, `${prefix}/${name}`, problems)
  return given ?? readFacility(data['facilityId'])
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function optionalId(
  value: JsonObject,
  name: string,
  code: 'invalid_facility_id' | 'invalid_person' | 'invalid_occurrence_id',
  max: number,
  prefix: string,
  problems: FieldProblem[],
): string | null {
  const given = value[name]
  if (given === undefined || given === null) return null
  return readId(given, { pointer: `${prefix}/${name}`, code, max }, problems) ?? null
}
