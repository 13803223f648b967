import { randomBytes } from 'node:crypto'
import {
  actorOf,
  createSubscription,
  pgErrorCode,
  type Principal,
  type SubscriptionFilters,
  type SubscriptionRecord,
} from '@waybill/db'
import { profileCode, profiles, type NursaAudience } from '@waybill/domain'
import type { JsonObject } from '../http/parse-json-body.ts'
import type { Answer } from '../http/send-answer.ts'
import { forbidden } from './authenticate-nursa.ts'
import { readWebhook } from './read-webhook.ts'
import { shownWebhook, webhookAnswer } from './webhook-answer.ts'
import { filtersOf, nameOf, secretsOf } from './webhook-columns.ts'
import type { WebhookDeps } from './webhook-deps.ts'

const timeoutMs = 15_000
const inFlightLimit = 20

/** `POST …/webhooks/facility` and `…/user`: for the token's lowest integration, since the call names none. */
export async function createWebhook(
  deps: WebhookDeps,
  audience: NursaAudience,
  principal: Principal,
  body: JsonObject,
): Promise<Answer> {
  const { url = '', ...wanted } = readWebhook(body, audience, deps.urlRules, false)
  const made = await insert(deps, principal, {
    url,
    filters: filtersOf({ audience }, wanted),
    secrets: secretsOf(wanted.secrets ?? []),
  })
  deps.logger.info('subscription.created', { actor: actorOf(principal), subscription: made.id })
  return webhookAnswer({ data: await shownWebhook(deps, made) })
}

async function insert(
  { storage, keys }: WebhookDeps,
  principal: Principal,
  { url, filters, secrets }: { url: string; filters: SubscriptionFilters; secrets: Buffer[] },
): Promise<SubscriptionRecord> {
  const [integration] = [...principal.integrations].toSorted((a, b) => a - b)
  if (integration === undefined) throw forbidden()
  try {
    const made = await createSubscription(storage.orm, keys, actorOf(principal), {
      integration,
      key: randomBytes(18).toString('base64url'),
      name: nameOf(url),
      url,
      view: null,
      profile: profileCode('nursa'),
      state: 'active',
      filters,
      successCode: null,
      horizonSeconds: profiles.nursa.defaultHorizonMs / 1_000,
      timeoutMs,
      inFlightLimit,
      notify: false,
      notificationEmails: null,
      secrets,
    })
    if (made === 'key_taken') throw new Error('a key of 18 random bytes is taken')
    return made
  } catch (error) {
    // A token may be scoped to an integration before somebody makes it.
    if (pgErrorCode(error) === '23503') throw forbidden()
    throw error
  }
}
