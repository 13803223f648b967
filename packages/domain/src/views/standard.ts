import { rawMember, writeObject } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart, occurredAtJson, orderIdJson } from './trigger-parts.ts'

/**
 * The Standard Webhooks envelope `{type, timestamp, data}`
 * (https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md). The trigger's `order` or
 * `data` goes through byte for byte.
 */
export function renderStandard(input: RenderInput, trigger: RawObject): string {
  const occurredAt = occurredAtJson(input, trigger)
  const part = freePart(input, trigger)
  const facilityId = rawMember(trigger, 'facility_id') ?? JSON.stringify(input.facilityId)
  return writeObject([
    ['type', JSON.stringify(eventName(input))],
    ['timestamp', occurredAt],
    [
      'data',
      writeObject([
        ['order_id', orderIdJson(input, trigger)],
        ['facility_id', facilityId === 'null' ? undefined : facilityId],
        ['occurred_at', occurredAt],
        [part?.name ?? 'data', part?.json],
      ]),
    ],
  ])
}
