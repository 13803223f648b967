import { writeObject } from './raw-json.ts'
import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart } from './trigger-parts.ts'

/** `{data, eventType}`, as on "Webhooks Events" at https://docs.nursa.com; no event id and no attempt number. */
export function renderNursa(input: RenderInput, trigger: RawObject): string {
  return writeObject([
    ['data', freePart(input, trigger)?.json ?? '{}'],
    ['eventType', JSON.stringify(eventName(input))],
  ])
}
