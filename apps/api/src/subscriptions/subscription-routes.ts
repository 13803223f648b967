import {
  deleteSubscription,
  findSubscriptionInScope,
  listSubscriptions,
  updateSubscription,
  type SubscriptionChange,
  type SubscriptionRecord,
} from '@waybill/db'
import { profileByCode } from '@waybill/domain'
import type { MountedRoute } from '../http/mount-routes.ts'
import { pageAnswer, pageParameters, readLimit } from '../http/page.ts'
import { invalidBody, type FieldProblem } from '../http/problem.ts'
import { readFields } from '../http/read-fields.ts'
import { notFound, readCursor, readPathId } from '../http/read-public-id.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'
import {
  checkView,
  createSubscriptionRoute,
  keyTaken,
  mailsNobody,
  type SubscriptionDeps,
} from './create-subscription-route.ts'
import { wouldMailNobody } from '../notices/notification-rules.ts'
import { changedFilters } from './changed-filters.ts'
import { updateNames, type UpdateFields } from './subscription-fields.ts'
import { subscriptionJson } from './subscription-json.ts'

const path = '/v1/subscriptions'

/** Subscriptions of the native API. */
export function subscriptionRoutes(deps: SubscriptionDeps): MountedRoute[] {
  return [
    { method: 'POST', path, takesBody: true, answerWithinMs: 10_000, handle: createSubscriptionRoute(deps) },
    { method: 'GET', path, query: [...pageParameters, 'integration_id'], handle: (call) => list(deps, call) },
    { method: 'GET', path: `${path}/:id`, handle: (call) => read(deps, call) },
    { method: 'PATCH', path: `${path}/:id`, takesBody: true, handle: (call) => update(deps, call) },
    { method: 'DELETE', path: `${path}/:id`, handle: (call) => remove(deps, call) },
  ]
}

async function list(deps: SubscriptionDeps, { principal, query }: Call): Promise<Answer> {
  const limit = readLimit(query)
  const wanted = query.wholeNumber('integration_id', { min: 1, max: 2_147_483_647 })
  const integrations = [...principal.integrations].filter((id) => wanted === undefined || id === wanted)
  const after = readCursor(deps.publicIds, 'subscription', query)
  const found = await listSubscriptions(deps.storage.orm, integrations, { after, limit: limit + 1 })
  const data = found.slice(0, limit).map((subscription) => subscriptionJson(deps.publicIds, subscription))
  return pageAnswer(path, query, data, found.length > limit ? data.at(-1)?.id : undefined)
}

async function find(deps: SubscriptionDeps, { principal, params }: Call): Promise<SubscriptionRecord> {
  const id = readPathId(deps.publicIds, 'subscription', params['id'])
  const found = await findSubscriptionInScope(deps.storage.orm, [...principal.integrations], id)
  if (!found) throw notFound('subscription')
  return found
}

async function read(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  return { status: 200, body: subscriptionJson(deps.publicIds, await find(deps, call)) }
}

async function update(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  const found = await find(deps, call)
  const wanted = readFields(deps.fields.update, call.body, updateNames(deps.fields))
  const fields = Object.keys(wanted)
  if (fields.length === 0) return { status: 200, body: subscriptionJson(deps.publicIds, found) }
  const problems: FieldProblem[] = []
  const { orm } = deps.storage
  const changed = await updateSubscription(orm, call.actor, found.integration, found.id, (before) => {
    const change = toChange(before, wanted, problems)
    return problems.length > 0 ? 'invalid' : change
  })
  if (changed === 'invalid') throw invalidBody(problems)
  if (changed === 'key_taken') throw keyTaken()
  if (!changed) throw notFound('subscription')
  // What waited while it was paused or inactive need not wait for the sweep.
  if (wanted.state === 'active') deps.wakeUps.drain(found.id, 0)
  deps.logger.info('subscription.updated', { actor: call.actor, subscription: found.id, fields })
  return { status: 200, body: subscriptionJson(deps.publicIds, changed) }
}

function toChange(
  before: SubscriptionRecord,
  fields: UpdateFields,
  problems: FieldProblem[],
): SubscriptionChange {
  const profile = profileByCode(before.profile) ?? 'standard'
  const { events, success_code: successCode, timeout_seconds: timeout, horizon_hours: horizon } = fields
  checkView(fields.view, problems, profile)
  const { notify, notification_emails: notificationEmails } = fields
  if (wouldMailNobody({ notify, notificationEmails }, before)) problems.push(mailsNobody)
  return {
    ...(fields.key === undefined ? {} : { key: fields.key }),
    ...(fields.name === undefined ? {} : { name: fields.name }),
    ...(fields.url === undefined ? {} : { url: fields.url }),
    ...(fields.view === undefined ? {} : { view: fields.view }),
    ...(fields.state === undefined ? {} : { state: fields.state }),
    ...(events === undefined ? {} : { filters: changedFilters(before, events, problems) }),
    ...(successCode === undefined ? {} : { successCode }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout * 1_000 }),
    ...(horizon === undefined ? {} : { horizonSeconds: horizon * 3_600 }),
    ...(notify === undefined ? {} : { notify }),
    ...(notificationEmails === undefined ? {} : { notificationEmails }),
    ...(fields.in_flight_limit === undefined ? {} : { inFlightLimit: fields.in_flight_limit }),
  }
}

async function remove(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  const found = await find(deps, call)
  const done = await deleteSubscription(deps.storage.orm, call.actor, found.integration, found.id)
  if (!done) throw notFound('subscription')
  deps.logger.info('subscription.deleted', { actor: call.actor, subscription: found.id })
  return { status: 204 }
}
