import {
  findAttempts,
  findDeliveriesOfTrigger,
  findTrigger,
  type AttemptRecord,
  type TriggerRecord,
  type Storage,
} from '@waybill/db'
import { catalogueById, type DeliveryId, type PublicIds } from '@waybill/domain'
import { attemptJson, deliveryJson } from '../deliveries/delivery-json.ts'
import type { MountedRoute } from '../http/mount-routes.ts'
import { notFound, readPathId } from '../http/read-public-id.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'

export type TriggerReadDeps = { storage: Pick<Storage, 'read'>; publicIds: PublicIds }

/** More deliveries than this are read through `GET /v1/deliveries?trigger_id=`. */
const maxDeliveries = 200

/** `GET /v1/triggers/{id}`: what was posted, which subscriptions it matched, every attempt, and what comes next. */
export const triggerRoutes = (deps: TriggerReadDeps): MountedRoute[] => [
  { method: 'GET', path: '/v1/triggers/:id', handle: (call) => read(deps, call) },
]

async function read({ storage, publicIds }: TriggerReadDeps, { principal, params }: Call): Promise<Answer> {
  const id = readPathId(publicIds, 'trigger', params['id'])
  const found = await findTrigger(storage.read, [...principal.integrations], id)
  if (!found) throw notFound('trigger')
  const deliveries = await findDeliveriesOfTrigger(storage.read, found.integration, id, maxDeliveries + 1)
  const shown = deliveries.slice(0, maxDeliveries)
  const attempts = byDelivery(
    await findAttempts(
      storage.read,
      shown.map((delivery) => delivery.id),
    ),
  )
  const uuid = publicIds.encode('trigger', id)
  const more = deliveries.length > maxDeliveries
  const story = JSON.stringify({
    id: uuid,
    ...triggerJson(found),
    matched: shown.length,
    matched_more: more ? `/v1/deliveries?trigger_id=${uuid}` : null,
    ...(found.fannedOut && shown.length === 0 ? { note: 'No subscription matched this trigger.' } : {}),
    deliveries: shown.map((delivery) => ({
      ...deliveryJson(publicIds, delivery),
      attempts: (attempts.get(delivery.id) ?? []).map(attemptJson),
    })),
  })
  // Letter for letter: parsing and printing would round big numbers and lose the spacing.
  return { status: 200, text: `${story.slice(0, -1)},"posted":${found.data}}` }
}

function triggerJson(trigger: TriggerRecord) {
  const event = catalogueById(trigger.eventId)
  return {
    integration_id: trigger.integration,
    kind: event?.kind ?? null,
    name: event?.name ?? null,
    order_id: trigger.orderId,
    facility_id: trigger.facilityId,
    duplicate: trigger.duplicate,
    accepted_at: trigger.createdAt.toISOString(),
    state: trigger.quarantined ? 'quarantined' : trigger.fannedOut ? 'fanned_out' : 'accepted',
  }
}

function byDelivery(attempts: readonly AttemptRecord[]): Map<DeliveryId, AttemptRecord[]> {
  const grouped = new Map<DeliveryId, AttemptRecord[]>()
  for (const attempt of attempts)
    grouped.set(attempt.delivery, [...(grouped.get(attempt.delivery) ?? []), attempt])
  return grouped
}
