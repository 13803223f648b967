import {
  actorOf,
  deleteSubscription,
  findSubscriptionInScope,
  listSubscriptions,
  readSecrets,
  updateSubscription,
  type Principal,
  type SubscriptionChange,
  type SubscriptionRecord,
} from '@waybill/db'
import { profileCode, type NursaAudience } from '@waybill/domain'
import type { JsonObject } from '../http/parse-json-body.ts'
import type { Answer } from '../http/send-answer.ts'
import { NursaRefusal, publishedStatus } from './nursa-refusal.ts'
import { readWebhook, type WebhookBody } from './read-webhook.ts'
import { shownWebhook, webhookAnswer } from './webhook-answer.ts'
import { filtersOf, nameOf, secretsOf } from './webhook-columns.ts'
import type { WebhookDeps } from './webhook-deps.ts'
import { audienceOf, webhookJson } from './webhook-json.ts'

const profile = profileCode('nursa')
/** Of a subscription: four bytes. */
const largestId = 2_147_483_647

/** `GET …/webhooks/facility` and `…/user`: all of this kind, oldest first. */
export async function listWebhooks(
  deps: WebhookDeps,
  audience: NursaAudience,
  principal: Principal,
): Promise<Answer> {
  const found = await all(deps, audience, principal)
  const secrets = await readSecrets(
    deps.storage.read,
    deps.keys,
    found.map((one) => one.id),
  )
  return webhookAnswer({
    data: found.map((one) => webhookJson(deps.publicIds, one, secrets.get(one.id) ?? [])),
  })
}

const pageSize = 1_000

async function all(
  { storage }: WebhookDeps,
  audience: NursaAudience,
  { integrations }: Principal,
): Promise<SubscriptionRecord[]> {
  const found: SubscriptionRecord[] = []
  for (;;) {
    const query = { after: found.at(-1)?.id, limit: pageSize, profile, audience }
    const page = await listSubscriptions(storage.orm, [...integrations], query)
    found.push(...page)
    if (page.length < pageSize) return found
  }
}

/** `PATCH …/{id}`: what is not given stays; given secrets take the place of all there were. */
export async function updateWebhook(
  deps: WebhookDeps,
  audience: NursaAudience,
  principal: Principal,
  id: string,
  body: JsonObject,
): Promise<Answer> {
  const wanted = readWebhook(body, audience, deps.urlRules, true)
  const found = await find(deps, audience, principal, id)
  const fields = Object.keys(wanted)
  if (fields.length === 0) return webhookAnswer({ data: await shownWebhook(deps, found) })
  const actor = actorOf(principal)
  const { orm } = deps.storage
  const changed = await updateSubscription(orm, actor, found.integration, found.id, (before) =>
    isWebhook(before, audience) ? changeOf(deps, before, wanted) : 'no_webhook',
  )
  if (changed === undefined || changed === 'no_webhook' || changed === 'key_taken') throw notFound()
  deps.logger.info('subscription.updated', { actor, subscription: found.id, fields })
  return webhookAnswer({ data: await shownWebhook(deps, changed) })
}

function changeOf(
  { keys }: WebhookDeps,
  before: SubscriptionRecord,
  wanted: WebhookBody,
): SubscriptionChange {
  const { url, events, facilities, secrets } = wanted
  return {
    ...(url === undefined ? {} : { url, name: nameOf(url) }),
    ...(events || facilities ? { filters: filtersOf(before.filters, wanted) } : {}),
    ...(secrets ? { secrets: { keys, clear: secretsOf(secrets) } } : {}),
  }
}

/** `DELETE …/{id}`: an empty body. */
export async function deleteWebhook(
  deps: WebhookDeps,
  audience: NursaAudience,
  principal: Principal,
  id: string,
): Promise<Answer> {
  const found = await find(deps, audience, principal, id)
  const actor = actorOf(principal)
  if (!(await deleteSubscription(deps.storage.orm, actor, found.integration, found.id))) throw notFound()
  deps.logger.info('subscription.deleted', { actor, subscription: found.id })
  return { status: publishedStatus }
}

async function find(
  { storage, publicIds }: WebhookDeps,
  audience: NursaAudience,
  { integrations }: Principal,
  uuid: string,
): Promise<SubscriptionRecord> {
  const id = publicIds.decode('subscription', uuid)
  const found =
    id === undefined || id > largestId
      ? undefined
      : await findSubscriptionInScope(storage.orm, [...integrations], id)
  if (!found || !isWebhook(found, audience)) throw notFound()
  return found
}

const isWebhook = (one: SubscriptionRecord, audience: NursaAudience): boolean =>
  one.profile === profile && audienceOf(one) === audience

const notFound = () => new NursaRefusal(404, 'Webhook not found')
