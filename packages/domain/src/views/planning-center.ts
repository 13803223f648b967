import type { RawObject } from './raw-json.ts'
import type { RenderInput } from './render-input.ts'
import { eventName, freePart } from './trigger-parts.ts'

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
          payload: freePart(input, trigger)?.json ?? '{}',
        },
        relationships: {
          organization: { data: { type: 'Organization', id: String(input.organizationId) } },
        },
      },
    ],
  })
}
