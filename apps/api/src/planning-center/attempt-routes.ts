import { countEventAttempts, findRevisionView, listEventAttempts, readEventAttempts } from '@waybill/db'
import { parseAttemptId } from '@waybill/domain'
import { queryOf } from './address-of.ts'
import { attemptResource } from './attempt-resource.ts'
import { addressOf, type Answer, type Call, type Route } from './call.ts'
import { collectionAround, singleDocument } from './document.ts'
import { findEvent, type EventDeps } from './event-routes.ts'
import { readListQuery, refuseInclude } from './list-query.ts'
import { notFound } from './refusal.ts'
import { renderPage } from '../http/render-page.ts'

export type AttemptDeps = Pick<EventDeps, 'storage' | 'publicIds' | 'pages'>

const askable = { order: ['created_at'], where: [] }
const path = '/:subscription/events/:event/deliveries'

/** Deliveries: the attempts of an event; the paths begin below either prefix. */
export const attemptRoutes = (deps: AttemptDeps): Route[] => [
  { method: 'GET', path, handle: (call) => list(deps, call) },
  { method: 'GET', path: `${path}/:delivery`, handle: (call) => read(deps, call) },
]

async function list(deps: AttemptDeps, call: Call): Promise<Answer> {
  const query = readListQuery(call.url, askable)
  const { subscription, event, view } = await findEventAndView(deps, call)
  const of = { delivery: event.id, subscription: subscription.id }
  const { newestFirst, perPage: limit, offset } = query
  const [attempts, total] = await Promise.all([
    listEventAttempts(deps.storage.read, event.id, { newestFirst, limit, offset }),
    countEventAttempts(deps.storage.read, event.id),
  ])
  const around = collectionAround({
    address: addressOf(call, call.prefix, subscription.id, 'events', event.id, 'deliveries'),
    url: call.url,
    query,
    askable,
    count: attempts.length,
    total,
    more: offset + limit < total,
    parent: { id: String(event.id), type: 'Event' },
  })
  // Each of them shows the whole body again.
  const rows = attempts.map(({ n, bytes }) => ({ n, bytes: bytes + event.bytes }))
  const write = async (some: readonly { n: number }[]) => {
    const numbers = some.map(({ n }) => n)
    const found = await readEventAttempts(deps.storage.read, of, numbers)
    return found.map((attempt) => JSON.stringify(attemptResource(call, deps.publicIds, event, attempt, view)))
  }
  return renderPage(deps.pages, call, { ...around, rows, write })
}

async function read(deps: AttemptDeps, call: Call): Promise<Answer> {
  refuseInclude(new URLSearchParams(queryOf(call.url)))
  const named = parseAttemptId(call.params['delivery'] ?? '')
  const { subscription, event, view } = await findEventAndView(deps, call)
  const of = { delivery: event.id, subscription: subscription.id }
  const numbers = named?.delivery === event.id ? [named.n] : []
  const [attempt] = await readEventAttempts(deps.storage.read, of, numbers)
  if (!attempt) throw notFound()
  const resource = attemptResource(call, deps.publicIds, event, attempt, view)
  return { status: 200, document: singleDocument(resource, { id: String(event.id), type: 'Event' }) }
}

/** The view is that of the revision the delivery was planned with, whichever URL an attempt went to. */
async function findEventAndView(deps: AttemptDeps, call: Call) {
  const { subscription, event } = await findEvent(deps, call)
  const revision = await findRevisionView(deps.storage.read, subscription.id, event.revision)
  return { subscription, event, view: revision?.view ?? null }
}
