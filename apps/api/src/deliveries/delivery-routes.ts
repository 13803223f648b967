import {
  findDeliveryInScope,
  findSubscription,
  listEventAttempts,
  readEventAttempts,
  redeliver,
  retryDeadlocks,
  type DeliveryRecord,
  type Storage,
} from '@waybill/db'
import type { PublicIds } from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import type { PageGate } from '../http/create-page-gate.ts'
import type { MountedRoute } from '../http/mount-routes.ts'
import { problem } from '../http/problem.ts'
import { notFound, readPathId } from '../http/read-public-id.ts'
import { renderPage } from '../http/render-page.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'
import { attemptJson, deliveryJson } from './delivery-json.ts'
import { listDeliveriesRoute, listParameters } from './list-deliveries-route.ts'

export type DeliveryDeps = {
  storage: Pick<Storage, 'read' | 'write' | 'orm'>
  publicIds: PublicIds
  pages: PageGate
  wakeUps: Pick<WakeUps, 'drain'>
  logger: Pick<Logger, 'info'>
}

const path = '/v1/deliveries'
/** Of a delivery that was attempted more often the last ones are shown. */
export const shownAttempts = 100

/** Deliveries of the native API. */
export function deliveryRoutes(deps: DeliveryDeps): MountedRoute[] {
  return [
    { method: 'GET', path, query: listParameters, handle: listDeliveriesRoute(deps, path) },
    { method: 'GET', path: `${path}/:id`, handle: (call) => read(deps, call) },
    { method: 'POST', path: `${path}/:id/redeliver`, handle: (call) => sendAgain(deps, call) },
  ]
}

async function find(deps: DeliveryDeps, { principal, params }: Call): Promise<DeliveryRecord> {
  const id = readPathId(deps.publicIds, 'delivery', params['id'])
  const found = await findDeliveryInScope(deps.storage.read, [...principal.integrations], id)
  if (!found) throw notFound('delivery')
  return found
}

async function read(deps: DeliveryDeps, call: Call): Promise<Answer> {
  const found = await find(deps, call)
  const { read: sql } = deps.storage
  const newest = await listEventAttempts(sql, found.id, {
    newestFirst: true,
    limit: shownAttempts,
    offset: 0,
  })
  const write = async (some: readonly { n: number }[]) => {
    const numbers = some.map(({ n }) => n)
    const attempts = await readEventAttempts(
      sql,
      { delivery: found.id, subscription: found.subscription },
      numbers,
    )
    return attempts.map((attempt) => JSON.stringify(attemptJson(attempt)))
  }
  const before = `${JSON.stringify(deliveryJson(deps.publicIds, found)).slice(0, -1)},"attempts":[`
  return renderPage(deps.pages, call, { before, after: ']}', rows: newest.toReversed(), write })
}

async function sendAgain(deps: DeliveryDeps, call: Call): Promise<Answer> {
  const { id, integration, subscription } = await find(deps, call)
  const living = await findSubscription(deps.storage.orm, integration, subscription)
  if (!living) throw problem('subscription_deleted', 'The subscription of this delivery was deleted.')
  const again = await retryDeadlocks(() => redeliver(deps.storage.write, integration, id))
  if (!again) throw notFound('delivery')
  deps.wakeUps.drain(subscription, 0)
  deps.logger.info('delivery.redelivered', { actor: call.actor, delivery: id, generation: again.generation })
  return { status: 202, body: deliveryJson(deps.publicIds, await find(deps, call)) }
}
