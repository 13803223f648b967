import type { EventRecord } from '@waybill/db'
import {
  planningCenterPayload,
  statusByCode,
  triggerPerson,
  type PublicIds,
  type RenderInput,
} from '@waybill/domain'
import { addressOf, type Call } from './call.ts'
import type { Resource } from './document.ts'
import { instant } from './subscription-resource.ts'

/** A delivery as an "Event" (https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/event). */
export function eventResource(call: Call, publicIds: PublicIds, event: EventRecord): Resource {
  const { id, subscription, status, createdAt, lastSentAt, told } = event
  const self = addressOf(call, call.prefix, subscription, 'events', id)
  const person = told ? triggerPerson(told.data) : null
  const input = renderInput(publicIds, event, { attempt: 1, view: null })
  return {
    type: 'Event',
    id: String(id),
    attributes: {
      created_at: instant(createdAt),
      payload: input ? planningCenterPayload(input) : null,
      status: statusByCode(status) ?? 'unknown',
      updated_at: instant(lastSentAt && lastSentAt > createdAt ? lastSentAt : createdAt),
      uuid: publicIds.encode('delivery', id),
    },
    relationships: {
      // The documented type, in every version.
      subscription: { data: { type: 'Subscription', id: String(subscription) } },
      person: { data: person === null ? null : { type: 'Person', id: person } },
    },
    links: {
      deliveries: `${self}/deliveries`,
      ...(call.version === '2018-08-01' ? {} : { ignore: `${self}/ignore` }),
      redeliver: `${self}/redeliver`,
      self,
    },
  }
}

/** What the worker made an attempt's body of; undefined once retention took the trigger. */
export function renderInput(
  publicIds: PublicIds,
  { id, told }: EventRecord,
  { attempt, view }: { attempt: number; view: string | null },
): RenderInput | undefined {
  return (
    told && {
      profile: 'planning-center',
      view,
      deliveryUuid: publicIds.encode('delivery', id),
      attempt,
      eventId: told.eventId,
      orderId: told.orderId,
      facilityId: told.facilityId,
      acceptedAtMs: told.createdAtMs,
      data: told.data,
      organizationId: told.integration,
    }
  )
}
