import {
  actorOf,
  updateSubscription,
  type Principal,
  type SubscriptionChange,
  type SubscriptionRecord,
  type Storage,
} from '@waybill/db'
import { asSubscriptionId, catalogueById, profileCode } from '@waybill/domain'
import type { WakeUps } from '@waybill/queue'
import type { Logger } from '@waybill/runtime'
import type { Answer } from '../http/send-answer.ts'
import { wouldMailNobody } from '../notices/notification-rules.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import { envelope, PlanomaticRefusal } from './envelope.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'
import { readWebhookOutSubChange, type WebhookOutSubChange } from './read-webhook-out-sub.ts'
import { jobProfiles } from './resolve-jobs-query.ts'
import { webhookOutSubJson } from './webhook-out-sub-json.ts'

export type UpdateDeps = {
  storage: Pick<Storage, 'orm'>
  urlRules: UrlRules
  wakeUps: Pick<WakeUps, 'drain'>
  logger: Pick<Logger, 'info'>
}

const largestId = 2_147_483_647

/**
 * `PUT /api/v1/webhook_out_subs/update`, after "Webhook Outgoing Subscribers"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_out_subs/update): what is not given stays.
 */
export async function updateWebhookOutSub(
  deps: UpdateDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const integration = readIntegration(params, principal)
  if (!params.has('id')) params.required('id')
  const id = asSubscriptionId(params.integer('id', { min: 1, max: largestId }) ?? 0)
  const wanted = readWebhookOutSubChange(params, deps.urlRules)
  params.finish()
  const actor = actorOf(principal)
  let fields: string[] = []
  const changed = await updateSubscription(deps.storage.orm, actor, integration, id, (before) => {
    const change = decideChange(before, wanted)
    fields = Object.keys(change)
    return change
  })
  if (changed === 'key_taken') throw invalid('key', 'taken')
  if (changed === 'mails_nobody') throw invalid('notification_emails', 'missing')
  if (!changed || changed === 'of_another_api') throw invalid('id', 'unrecognized')
  // What waited while it was inactive need not wait for the sweep.
  if (wanted.active === true) deps.wakeUps.drain(id, 0)
  if (fields.length > 0)
    deps.logger.info('subscription.updated', { actor, integration, subscription: id, fields })
  return envelope('action-successful', { data: { webhook_out_sub: webhookOutSubJson(changed) } })
}

const invalid = (attr: string, message: string) => new PlanomaticRefusal('invalid-param', [{ attr, message }])

function decideChange(
  before: SubscriptionRecord,
  wanted: WebhookOutSubChange,
): SubscriptionChange | 'of_another_api' | 'mails_nobody' {
  if (!jobProfiles.includes(before.profile)) return 'of_another_api'
  return wouldMailNobody(wanted, before) ? 'mails_nobody' : toChange(before, wanted)
}

function toChange(found: SubscriptionRecord, wanted: WebhookOutSubChange): SubscriptionChange {
  const { profile, statuses, events, active, ...columns } = wanted
  const code = profileCode(profile)
  return {
    ...columns,
    ...(code === found.profile ? {} : { profile: code }),
    ...(active === undefined ? {} : { state: active ? 'active' : 'inactive' }),
    ...(statuses || events ? { filters: { ...found.filters, eventIds: join(found, wanted) } } : {}),
  }
}

/** The list that is not given stays as it is. */
function join({ filters }: SubscriptionRecord, { statuses, events }: WebhookOutSubChange): number[] {
  const before = filters.eventIds ?? []
  const ofKind = (kind: string) => before.filter((id) => catalogueById(id)?.kind === kind)
  return [...(statuses ?? ofKind('order_status')), ...(events ?? ofKind('order_event'))]
}
