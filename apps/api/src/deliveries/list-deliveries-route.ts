import { listDeliveries, type DeliveryFilter } from '@waybill/db'
import { catalogue, deliveryStatuses, statusCode, type DeliveryStatus, type PublicIds } from '@waybill/domain'
import { pageAnswer, pageParameters, readLimit } from '../http/page.ts'
import { problem } from '../http/problem.ts'
import { invalidParameter, type QueryParameters } from '../http/query-parameters.ts'
import { readCursor, readQueryId } from '../http/read-public-id.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'
import { deliveryJson } from './delivery-json.ts'
import type { DeliveryDeps } from './delivery-routes.ts'

export const listParameters = [
  ...pageParameters,
  'status',
  'subscription_id',
  'trigger_id',
  'event',
  'response_status',
  'order_id',
  'created_after',
  'created_before',
] as const

/** `GET /v1/deliveries`: newest first, by cursor. */
export const listDeliveriesRoute =
  (deps: Pick<DeliveryDeps, 'storage' | 'publicIds'>, path: string) =>
  async ({ principal, query }: Call): Promise<Answer> => {
    const limit = readLimit(query)
    const filter = readFilter(deps.publicIds, query)
    if (filter === 'nothing') return pageAnswer(path, query, [], undefined)
    const integrations = [...principal.integrations]
    const found = await listDeliveries(deps.storage.read, { ...filter, integrations }, limit + 1)
    const data = found.slice(0, limit).map((delivery) => deliveryJson(deps.publicIds, delivery))
    return pageAnswer(path, query, data, found.length > limit ? data.at(-1)?.id : undefined)
  }

function readFilter(
  publicIds: PublicIds,
  query: QueryParameters,
): Omit<DeliveryFilter, 'integrations'> | 'nothing' {
  const subscription = readQueryId(publicIds, 'subscription', query, 'subscription_id')
  const trigger = readQueryId(publicIds, 'trigger', query, 'trigger_id')
  const status = readStatuses(query)
  const eventIds = readEvents(query)
  const code = query.wholeNumber('response_status', { min: 100, max: 599 })
  const orderId = query.text('order_id')
  const before = readCursor(publicIds, 'delivery', query)
  const createdAfter = query.time('created_after')
  const createdBefore = query.time('created_before')
  if (createdAfter && createdBefore && createdAfter > createdBefore)
    throw problem('invalid_range', 'created_after lies after created_before.')
  if (subscription === 'none' || trigger === 'none') return 'nothing'
  return {
    ...(status && { status }),
    ...(subscription !== undefined && { subscription }),
    ...(trigger !== undefined && { trigger }),
    ...(eventIds && { eventIds }),
    ...(code !== undefined && { code }),
    ...(orderId !== undefined && { orderId }),
    ...(createdAfter && { createdAfter }),
    ...(createdBefore && { createdBefore }),
    ...(before !== undefined && { before }),
  }
}

function readStatuses(query: QueryParameters): number[] | undefined {
  return query
    .text('status')
    ?.split(',')
    .map((name) => {
      if (!deliveryStatuses.includes(name as DeliveryStatus))
        throw invalidParameter('status', `is a list of ${deliveryStatuses.join(', ')}.`)
      return statusCode(name as DeliveryStatus)
    })
}

/** An event by its name in the catalogue or in any dialect. */
function readEvents(query: QueryParameters): number[] | undefined {
  const name = query.text('event')
  if (name === undefined) return undefined
  const found = catalogue.filter(
    (entry) => entry.name === name || Object.values(entry.dialects).includes(name),
  )
  if (found.length === 0) throw invalidParameter('event', 'is not the name of an event.')
  return found.map((entry) => entry.id)
}
