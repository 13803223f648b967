import { readSecrets, type SubscriptionRecord } from '@waybill/db'
import type { Answer } from '../http/send-answer.ts'
import { publishedStatus } from './nursa-refusal.ts'
import type { WebhookDeps } from './webhook-deps.ts'
import { webhookJson } from './webhook-json.ts'

/** A webhook with its secrets, as the data of an answer. */
export async function shownWebhook({ storage, keys, publicIds }: WebhookDeps, one: SubscriptionRecord) {
  const secrets = await readSecrets(storage.read, keys, [one.id])
  return webhookJson(publicIds, one, secrets.get(one.id) ?? [])
}

/** Secrets stand in these: nobody on the way may keep them. */
export const webhookAnswer = (body: object): Answer => ({
  status: publishedStatus,
  headers: { 'cache-control': 'no-store' },
  body,
})
