import {
  findAttempts,
  findDeliveriesOfTrigger,
  findTrigger,
  sizeAttempts,
  type AttemptRecord,
  type DeliveryRecord,
  type TriggerRecord,
  type Storage,
} from '@waybill/db'
import { catalogueById, type DeliveryId, type PublicIds } from '@waybill/domain'
import { attemptJson, deliveryJson } from '../deliveries/delivery-json.ts'
import { shownAttempts } from '../deliveries/delivery-routes.ts'
import type { PageGate } from '../http/create-page-gate.ts'
import type { MountedRoute } from '../http/mount-routes.ts'
import { notFound, readPathId } from '../http/read-public-id.ts'
import { renderPage } from '../http/render-page.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'

export type TriggerReadDeps = { storage: Pick<Storage, 'read'>; publicIds: PublicIds; pages: PageGate }

/** More deliveries than this are read through `GET /v1/deliveries?trigger_id=`. */
const maxDeliveries = 200

/** `GET /v1/triggers/{id}`: what was posted, which subscriptions it matched, every attempt, and what comes next. */
export const triggerRoutes = (deps: TriggerReadDeps): MountedRoute[] => [
  { method: 'GET', path: '/v1/triggers/:id', handle: (call) => read(deps, call) },
]

async function read(deps: TriggerReadDeps, call: Call): Promise<Answer> {
  const { storage, publicIds } = deps
  const { principal, params } = call
  const id = readPathId(publicIds, 'trigger', params['id'])
  const found = await findTrigger(storage.read, [...principal.integrations], id)
  if (!found) throw notFound('trigger')
  const deliveries = await findDeliveriesOfTrigger(storage.read, found.integration, id, maxDeliveries + 1)
  const shown = deliveries.slice(0, maxDeliveries)
  const sizes = await sizeAttempts(storage.read, idsOf(shown), shownAttempts)
  const rows = shown.map((delivery) => ({
    ...delivery,
    bytes: deliveryBytes + (sizes.get(delivery.id) ?? 0),
  }))
  const uuid = publicIds.encode('trigger', id)
  const more = deliveries.length > maxDeliveries
  const story = JSON.stringify({
    id: uuid,
    ...triggerJson(found),
    matched: shown.length,
    matched_more: more ? `/v1/deliveries?trigger_id=${uuid}` : null,
    ...(found.fannedOut && shown.length === 0 ? { note: 'No subscription matched this trigger.' } : {}),
  })
  // Letter for letter: parsing and printing would round big numbers and lose the spacing.
  const around = { before: `${story.slice(0, -1)},"deliveries":[`, after: `],"posted":${found.data}}` }
  return renderPage(deps.pages, call, { ...around, rows, write: (some) => write(deps, some) })
}

/** About what a delivery without attempts takes. */
const deliveryBytes = 1_000

const idsOf = (deliveries: readonly DeliveryRecord[]) => deliveries.map(({ id }) => id)

async function write(
  { storage, publicIds }: TriggerReadDeps,
  deliveries: readonly DeliveryRecord[],
): Promise<string[]> {
  const attempts = byDelivery(await findAttempts(storage.read, idsOf(deliveries), shownAttempts))
  return deliveries.map((delivery) =>
    JSON.stringify({
      ...deliveryJson(publicIds, delivery),
      attempts: (attempts.get(delivery.id) ?? []).map(attemptJson),
    }),
  )
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
