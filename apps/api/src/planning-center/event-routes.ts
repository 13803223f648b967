import {
  countEvents,
  findEventOf,
  ignoreDelivery,
  listEvents,
  readEvents,
  redeliverEvent,
  retryDeadlocks,
  type EventFilter,
  type EventRecord,
  type ListedEvent,
  type SubscriptionRecord,
  type Storage,
} from '@waybill/db'
import {
  asDeliveryId,
  deliveryStatuses,
  nextStatus,
  statusByCode,
  statusCode,
  type PublicIds,
} from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import { queryOf } from './address-of.ts'
import { addressOf, type Answer, type Call, type Route } from './call.ts'
import type { PageGate } from '../http/create-page-gate.ts'
import { collectionAround, singleDocument } from './document.ts'
import { eventResource } from './event-resource.ts'
import { findSubscription, readNumber } from './find-subscription.ts'
import { readListQuery, refuseInclude, type ListQuery } from './list-query.ts'
import { notFound, refusedAction } from './refusal.ts'
import { renderPage } from '../http/render-page.ts'
import { subscriptionIdentifier } from './subscription-resource.ts'

export type EventDeps = {
  storage: Pick<Storage, 'orm' | 'read' | 'write'>
  publicIds: PublicIds
  pages: PageGate
  wakeUps: Pick<WakeUps, 'drain'>
  logger: Pick<Logger, 'info'>
}

const askable = { order: ['created_at'], where: ['status', 'uuid'] }

/** Events: the deliveries of a subscription; the paths begin below either prefix. */
export const eventRoutes = (deps: EventDeps): Route[] => [
  { method: 'GET', path: '/:subscription/events', handle: (call) => list(deps, call) },
  { method: 'GET', path: '/:subscription/events/:event', handle: (call) => read(deps, call) },
  { method: 'POST', path: '/:subscription/events/:event/ignore', handle: (call) => ignore(deps, call) },
  { method: 'POST', path: '/:subscription/events/:event/redeliver', handle: (call) => sendAgain(deps, call) },
]

/** The event that the path names, of the subscription that the path names; else a 404. */
export async function findEvent(
  { storage }: Pick<EventDeps, 'storage'>,
  call: Call,
): Promise<{ subscription: SubscriptionRecord; event: EventRecord }> {
  const id = readNumber(call.params['event'], Number.MAX_SAFE_INTEGER)
  const subscription = await findSubscription({ storage }, call)
  const event =
    id === undefined
      ? undefined
      : await findEventOf(storage.read, subscription.integration, subscription.id, asDeliveryId(id))
  if (!event) throw notFound()
  return { subscription, event }
}

async function list(deps: EventDeps, call: Call): Promise<Answer> {
  const { storage, publicIds } = deps
  const query = readListQuery(call.url, askable)
  const subscription = await findSubscription({ storage }, call)
  const filter = readFilter(publicIds, subscription, query)
  const { events, total, more } = await readPage(storage, subscription, filter, query)
  const around = collectionAround({
    address: addressOf(call, call.prefix, subscription.id, 'events'),
    url: call.url,
    query,
    askable,
    count: events.length,
    total,
    more,
    parent: subscriptionIdentifier(call, subscription),
  })
  const write = async (rows: readonly ListedEvent[]) => {
    const found = await readEvents(storage.read, rows)
    return found.map((event) => JSON.stringify(eventResource(call, publicIds, event)))
  }
  return renderPage(deps.pages, call, { ...around, rows: events, write })
}

async function readPage(
  { read: sql }: EventDeps['storage'],
  { integration }: SubscriptionRecord,
  filter: EventFilter | 'nothing',
  { perPage, offset, newestFirst }: ListQuery,
): Promise<{ events: ListedEvent[]; total: number; more: boolean }> {
  if (filter === 'nothing') return { events: [], total: 0, more: false }
  const [events, total] = await Promise.all([
    listEvents(sql, integration, filter, { newestFirst, limit: perPage + 1, offset }),
    countEvents(sql, filter),
  ])
  return { events: events.slice(0, perPage), total, more: events.length > perPage }
}

/** What no event can have finds nothing: an unknown status, or a UUID we never made. */
function readFilter(
  publicIds: PublicIds,
  subscription: SubscriptionRecord,
  query: ListQuery,
): EventFilter | 'nothing' {
  const asked = { status: query.where('status'), uuid: query.where('uuid') }
  const status = deliveryStatuses.find((known) => known === asked.status)
  const delivery = asked.uuid === undefined ? undefined : publicIds.decode('delivery', asked.uuid)
  if (asked.status !== undefined && status === undefined) return 'nothing'
  if (asked.uuid !== undefined && delivery === undefined) return 'nothing'
  return {
    subscription: subscription.id,
    ...(status === undefined ? {} : { status: statusCode(status) }),
    ...(delivery === undefined ? {} : { delivery }),
  }
}

async function read(deps: EventDeps, call: Call): Promise<Answer> {
  refuseInclude(new URLSearchParams(queryOf(call.url)))
  const { subscription, event } = await findEvent(deps, call)
  return show(deps, call, subscription, event)
}

/**
 * Answers with what the call has made of the event, whatever becomes of it then. One that changes while it is looked at is
 * looked at again, but not for ever.
 */
async function ignore(deps: EventDeps, call: Call, tries = 3): Promise<Answer> {
  if (call.version === '2018-08-01') throw notFound()
  const { subscription, event } = await findEvent(deps, call)
  const status = statusByCode(event.status) ?? 'pending'
  if (nextStatus('ignore', status) === undefined)
    throw refusedAction(`An event that is ${status} cannot be ignored`)
  if (nextStatus('ignore', status) === status) return show(deps, call, subscription, event)
  const becomes = await retryDeadlocks(() =>
    ignoreDelivery(deps.storage.write, call.actor, subscription.integration, event.id),
  )
  if (becomes !== undefined) {
    deps.logger.info('delivery.ignored', { actor: call.actor, delivery: event.id, status })
    return show(deps, call, subscription, { ...event, status: becomes })
  }
  if (tries > 1) return ignore(deps, call, tries - 1)
  throw refusedAction('The event changes too often at the moment to be ignored; ask again later')
}

async function sendAgain(deps: EventDeps, call: Call): Promise<Answer> {
  const { subscription, event } = await findEvent(deps, call)
  const { id, integration } = event
  const again = await redeliverEvent(deps.storage.write, call.actor, integration, id)
  if (!again) throw notFound()
  deps.wakeUps.drain(subscription.id, 0)
  deps.logger.info('delivery.redelivered', { actor: call.actor, delivery: id, generation: again.generation })
  // As it was when the call took effect: a worker may be faster than another look.
  return show(deps, call, subscription, { ...event, status: statusCode('pending') })
}

function show(
  { publicIds }: EventDeps,
  call: Call,
  subscription: SubscriptionRecord,
  event: EventRecord,
): Answer {
  const parent = subscriptionIdentifier(call, subscription)
  return { status: 200, document: singleDocument(eventResource(call, publicIds, event), parent) }
}
