import {
  deleteSubscription,
  pageSubscriptions,
  readSecrets,
  updateSubscription,
  type SubscriptionChange,
  type SubscriptionRecord,
  type Storage,
} from '@waybill/db'
import { profileCode } from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import type { JsonObject } from '../http/parse-json-body.ts'
import { queryOf } from './address-of.ts'
import { addressOf, organization, organizationOf, type Answer, type Call, type Route } from './call.ts'
import { createEventSubscription, newSecret, readActive, type CreateDeps } from './create-subscription.ts'
import { collectionDocument, singleDocument } from './document.ts'
import { findSubscription, readNumber } from './find-subscription.ts'
import { readListQuery, refuseInclude } from './list-query.ts'
import { invalidAttributes, notFound } from './refusal.ts'
import { subscriptionResource } from './subscription-resource.ts'

export type SubscriptionDeps = CreateDeps & {
  storage: Pick<Storage, 'orm' | 'read'>
  wakeUps: Pick<WakeUps, 'drain'>
}

const largest = 2_147_483_647
const askable = { order: [], where: ['application_id'] }

/** Subscriptions; the paths begin below either prefix. */
export const subscriptionRoutes = (deps: SubscriptionDeps): Route[] => [
  { method: 'GET', path: '', handle: (call) => list(deps, call) },
  { method: 'POST', path: '', takesBody: true, handle: (call) => create(deps, call) },
  { method: 'GET', path: '/:subscription', handle: (call) => read(deps, call) },
  { method: 'PATCH', path: '/:subscription', takesBody: true, handle: (call) => update(deps, call) },
  { method: 'DELETE', path: '/:subscription', handle: (call) => remove(deps, call) },
  { method: 'POST', path: '/:subscription/rotate_secret', handle: (call) => rotateSecret(deps, call) },
]

async function list({ storage, keys }: SubscriptionDeps, call: Call): Promise<Answer> {
  const query = readListQuery(call.url, askable)
  const asked = query.where('application_id')
  // Nothing has the application 0: what can be no application's id finds nothing.
  const application = asked === undefined ? undefined : (readNumber(asked, largest) ?? 0)
  const { total, subscriptions } = await pageSubscriptions(storage.read, {
    integrations: [...call.principal.integrations],
    profile: profileCode('planning-center'),
    application,
    limit: query.perPage,
    offset: query.offset,
  })
  const secrets = await readSecrets(
    storage.read,
    keys,
    subscriptions.map(({ id }) => id),
  )
  const document = collectionDocument({
    address: addressOf(call, call.prefix),
    url: call.url,
    query,
    askable,
    data: subscriptions.map((one) => subscriptionResource(call, one, secrets.get(one.id) ?? [])),
    total,
    more: query.offset + query.perPage < total,
    parent: organization(organizationOf(call.principal)),
  })
  return { status: 200, document }
}

async function create(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  const { made, secret } = await createEventSubscription(deps, call)
  const location = addressOf(call, call.prefix, made.id)
  return { ...show(call, made, [secret]), status: 201, headers: { location } }
}

async function read(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  refuseInclude(new URLSearchParams(queryOf(call.url)))
  return showStored(deps, call, await findSubscription(deps, call))
}

async function update(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  const found = await findSubscription(deps, call)
  const active = readChange(found, call.attributes)
  if (active === undefined) return showStored(deps, call, found)
  const changed = await change(deps, call, found, { state: active ? 'active' : 'inactive' })
  // What waited while it was inactive need not wait for the sweep.
  if (active) deps.wakeUps.drain(found.id, 0)
  return showStored(deps, call, changed)
}

/** Only `active` changes. Others may come along, since clients send back what they read, but not with another event or URL. */
function readChange(found: SubscriptionRecord, attributes: JsonObject): boolean | undefined {
  const problems: [string, string][] = []
  for (const [name, label] of [
    ['name', 'Name'],
    ['url', 'Url'],
  ] as const) {
    const value = attributes[name] ?? found[name]
    if (value !== found[name]) problems.push([name, `${label} cannot be changed`])
  }
  const active = readActive(attributes['active'], problems)
  if (problems.length > 0) throw invalidAttributes(problems)
  return active
}

async function rotateSecret(deps: SubscriptionDeps, call: Call): Promise<Answer> {
  const found = await findSubscription(deps, call)
  const secret = newSecret()
  const changed = await change(deps, call, found, { secrets: { keys: deps.keys, clear: [secret] } })
  return show(call, changed, [secret])
}

async function remove({ storage, logger }: SubscriptionDeps, call: Call): Promise<Answer> {
  const found = await findSubscription({ storage }, call)
  const done = await deleteSubscription(storage.orm, call.actor, found.integration, found.id)
  if (!done) throw notFound()
  logger.info('subscription.deleted', { actor: call.actor, subscription: found.id })
  return { status: 204 }
}

async function change(
  { storage, logger }: SubscriptionDeps,
  { actor }: Call,
  found: SubscriptionRecord,
  wanted: SubscriptionChange,
): Promise<SubscriptionRecord> {
  const changed = await updateSubscription(storage.orm, actor, found.integration, found.id, wanted)
  if (!changed || changed === 'key_taken') throw notFound()
  logger.info('subscription.updated', { actor, subscription: found.id, fields: Object.keys(wanted) })
  return changed
}

async function showStored(
  { storage, keys }: SubscriptionDeps,
  call: Call,
  found: SubscriptionRecord,
): Promise<Answer> {
  const secrets = await readSecrets(storage.read, keys, [found.id])
  return show(call, found, secrets.get(found.id) ?? [])
}

function show(call: Call, found: SubscriptionRecord, secrets: readonly Buffer[]): Answer {
  const resource = subscriptionResource(call, found, secrets)
  return { status: 200, document: singleDocument(resource, organization(found.integration)) }
}
