import { randomBytes } from 'node:crypto'
import {
  createSubscription,
  pgErrorCode,
  type MasterKeys,
  type Principal,
  type SubscriptionRecord,
} from '@waybill/db'
import {
  catalogueById,
  generateStandardSecret,
  parseStandardSecret,
  profileCode,
  profiles,
  type IntegrationId,
} from '@waybill/domain'
import type { Logger } from '@waybill/runtime'
import type { Answer } from '../http/send-answer.ts'
import type { Storage } from '../storage/create-storage.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import { envelope, PlanomaticRefusal } from './envelope.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'
import { readWebhookOutSub, type WebhookOutSub } from './read-webhook-out-sub.ts'

export type CreateDeps = {
  storage: Pick<Storage, 'orm'>
  keys: MasterKeys
  urlRules: UrlRules
  logger: Pick<Logger, 'info'>
}

const timeoutMs = 15_000
const inFlightLimit = 20

/** `POST /api/v1/webhook_out_subs/create`. */
export async function createWebhookOutSub(
  deps: CreateDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const integration = readIntegration(params, principal)
  const wanted = readWebhookOutSub(params, deps.urlRules)
  params.finish()
  const secret = generateStandardSecret(randomBytes)
  const actor = `token:${principal.tokenId}`
  const made = await insert(deps, actor, integration, wanted, secret)
  if (made === 'key_taken') throw new PlanomaticRefusal('invalid-param', [{ attr: 'key', message: 'taken' }])
  deps.logger.info('subscription.created', { actor, integration, subscription: made.id })
  const answer = envelope('action-successful', {
    data: { webhook_out_sub: { ...toJson(made), signing_secret: secret } },
  })
  return { ...answer, headers: { 'cache-control': 'no-store' } }
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
    throw new PlanomaticRefusal('invalid-param', [{ attr: 'integration_id', message: 'unrecognized' }])
  }
}

function toJson(made: SubscriptionRecord) {
  const entries = (made.filters.eventIds ?? []).map(catalogueById)
  const namesOf = (kind: string) => entries.flatMap((entry) => (entry?.kind === kind ? [entry.name] : []))
  return {
    id: made.id,
    integration_id: made.integration,
    key: made.key,
    name: made.name,
    callback_url: made.url,
    statuses: namesOf('order_status'),
    events: namesOf('order_event'),
    notification_emails: made.notificationEmails,
    success_code: made.successCode,
    payload_render_view: made.view,
    active: made.state === 'active',
    notify: made.notify,
    version: made.profile === profileCode('planomatic-v2') ? '2' : '3',
    created_at: made.createdAt.toISOString(),
  }
}
