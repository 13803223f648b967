import { randomBytes } from 'node:crypto'
import {
  actorOf,
  createSubscription,
  pgErrorCode,
  type MasterKeys,
  type Principal,
  type Storage,
} from '@waybill/db'
import {
  generateStandardSecret,
  parseStandardSecret,
  profileCode,
  profiles,
  type IntegrationId,
} from '@waybill/domain'
import { askStorage } from '../http/ask-storage.ts'
import type { Answer } from '../http/send-answer.ts'
import { confirmNew, type ConfirmDeps } from '../notices/confirm-by-mail.ts'
import { wouldMailNobody } from '../notices/notification-rules.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import { envelope, PlanomaticRefusal } from './envelope.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'
import { readWebhookOutSub, type WebhookOutSub } from './read-webhook-out-sub.ts'
import { webhookOutSubJson } from './webhook-out-sub-json.ts'

export type CreateDeps = ConfirmDeps & {
  storage: Pick<Storage, 'orm' | 'read' | 'write' | 'suspect'>
  keys: MasterKeys
  urlRules: UrlRules
}

const timeoutMs = 15_000
const inFlightLimit = 20

/**
 * `POST /api/v1/webhook_out_subs/create`. With `notify` a confirmation is mailed before the subscription is made, see
 * {@link confirmNew}; a mail that cannot be sent is `mandrill-email-failed`.
 */
export async function createWebhookOutSub(
  deps: CreateDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const integration = readIntegration(params, principal)
  const wanted = readWebhookOutSub(params, deps.urlRules)
  if (wouldMailNobody(wanted)) params.invalid('notification_emails', 'missing')
  params.finish()
  if (wanted.notify) await confirm(deps, integration, wanted)
  const secret = generateStandardSecret(randomBytes)
  const actor = actorOf(principal)
  const made = await askStorage(deps.storage, insert(deps, actor, integration, wanted, secret))
  if (made === 'key_taken') throw keyTaken()
  deps.logger.info('subscription.created', { actor, integration, subscription: made.id })
  const answer = envelope('action-successful', {
    data: { webhook_out_sub: { ...webhookOutSubJson(made), signing_secret: secret } },
  })
  return { ...answer, headers: { 'cache-control': 'no-store' } }
}

const keyTaken = () => new PlanomaticRefusal('invalid-param', [{ attr: 'key', message: 'taken' }])
const noIntegration = () =>
  new PlanomaticRefusal('invalid-param', [{ attr: 'integration_id', message: 'unrecognized' }])

async function confirm(deps: CreateDeps, integration: IntegrationId, wanted: WebhookOutSub): Promise<void> {
  const found = await confirmNew(deps, integration, wanted)
  if (found === 'key_taken') throw keyTaken()
  if (found === 'no_integration') throw noIntegration()
  if (found === 'not_mailed') throw new PlanomaticRefusal('mandrill-email-failed')
}

async function insert(
  { storage, keys }: CreateDeps,
  actor: string,
  integration: IntegrationId,
  wanted: WebhookOutSub,
  secret: string,
) {
  const { profile, eventIds, active, ...columns } = wanted
  const clear = parseStandardSecret(secret)
  try {
    return await createSubscription(storage.orm, keys, actor, {
      ...columns,
      integration,
      profile: profileCode(profile),
      state: active ? 'active' : 'inactive',
      filters: { eventIds },
      horizonSeconds: profiles[profile].defaultHorizonMs / 1_000,
      timeoutMs,
      inFlightLimit,
      secrets: clear ? [clear] : [],
    })
  } catch (error) {
    if (pgErrorCode(error) !== '23503') throw error
    throw noIntegration()
  }
}
