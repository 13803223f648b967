import {
  countEvents,
  findEventOf,
  ignoreDelivery,
  listEvents,
  redeliverEvent,
  type EventFilter,
  type EventRecord,
  type SubscriptionRecord,
  type Storage,
} from '@waybill/db'
import {
  asDeliveryId,
  canMove,
  deliveryStatuses,
  statusByCode,
  statusCode,
  type PublicIds,
} from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import { queryOf } from './address-of.ts'
import { addressOf, type Answer, type Call, type Route } from './call.ts'
import { collectionDocument, singleDocument } from './document.ts'
import { eventResource } from './event-resource.ts'
import { findSubscription, readNumber } from './find-subscription.ts'
import { readListQuery, refuseInclude, type ListQuery } from './list-query.ts'
import { notFound, refusedAction } from './refusal.ts'
import { subscriptionIdentifier } from './subscription-resource.ts'

export type EventDeps = {
  storage: Pick<Storage, 'orm' | 'sql' | 'read'>
  publicIds: PublicIds
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

async function list({ storage, publicIds }: EventDeps, call: Call): Promise<Answer> {
  const query = readListQuery(call.url, askable)
  const subscription = await findSubscription({ storage }, call)
  const filter = readFilter(publicIds, subscription, query)
  const { events, total, more } = await readPage(storage, subscription, filter, query)
  const document = collectionDocument({
    address: addressOf(call, call.prefix, subscription.id, 'events'),
    url: call.url,
    query,
    askable,
    data: events.map((event) => eventResource(call, publicIds, event)),
    total,
    more,
    parent: subscriptionIdentifier(call, subscription),
  })
  return { status: 200, document }
}

async function readPage(
  { read: sql }: EventDeps['storage'],
  { integration }: SubscriptionRecord,
  filter: EventFilter | 'nothing',
  { perPage, offset, newestFirst }: ListQuery,
): Promise<{ events: EventRecord[]; total: number; more: boolean }> {
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

/** An event that changes while it is looked at is looked at again, but not for ever. */
async function ignore(deps: EventDeps, call: Call, tries = 3): Promise<Answer> {
  if (call.version === '2018-08-01') throw notFound()
  const { subscription, event } = await findEvent(deps, call)
  const status = statusByCode(event.status) ?? 'pending'
  if (!canMove('ignore', status)) throw refusedAction(`An event that is ${status} cannot be ignored`)
  const done = await ignoreDelivery(deps.storage.sql, call.actor, subscription.integration, event.id)
  if (done) deps.logger.info('delivery.ignored', { actor: call.actor, delivery: event.id, status })
  else if (!status.startsWith('ignored_') && tries > 1) return ignore(deps, call, tries - 1)
  const { event: now } = await findEvent(deps, call)
  return show(deps, call, subscription, now)
}

async function sendAgain(deps: EventDeps, call: Call): Promise<Answer> {
  const { subscription, event } = await findEvent(deps, call)
  const { id, integration } = event
  const again = await redeliverEvent(deps.storage.sql, call.actor, integration, id)
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
