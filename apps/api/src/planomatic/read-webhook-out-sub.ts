import type { ProfileName } from '@waybill/domain'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import type { ParamReader } from './param-reader.ts'
import {
  readEmails,
  readLine,
  readNames,
  readSuccessCode,
  readUrl,
  readVersion,
  readView,
} from './webhook-out-sub-params.ts'

export type WebhookOutSub = {
  key: string
  name: string
  url: string
  profile: ProfileName
  eventIds: number[]
  notificationEmails: string | null
  successCode: string | null
  view: string | null
  active: boolean
  notify: boolean
}

/** The parameters of `webhook_out_subs/create` except token and integration; what is wrong goes to the reader. */
export function readWebhookOutSub(params: ParamReader, rules: UrlRules): WebhookOutSub {
  const emails = readEmails(params)
  const profile = readVersion(params)
  return {
    key: readLine(params, 'key'),
    name: readLine(params, 'name'),
    url: readUrl(params, rules),
    profile,
    eventIds: [
      ...(readNames(params, 'statuses', 'order_status') ?? []),
      ...(readNames(params, 'events', 'order_event') ?? []),
    ],
    notificationEmails: emails,
    successCode: readSuccessCode(params),
    view: readView(params, profile),
    active: params.flag('active') ?? true,
    notify: params.flag('notify') ?? false,
  }
}

/** What `webhook_out_subs/update` changes; absent members stay. The version is always given. */
export type WebhookOutSubChange = Partial<Omit<WebhookOutSub, 'eventIds' | 'profile'>> & {
  profile: ProfileName
  statuses?: number[]
  events?: number[]
}

/**
 * The parameters of `webhook_out_subs/update` except token, integration and id. Null or an empty text clears what can be
 * without a value and is refused where there must be one.
 */
export function readWebhookOutSubChange(params: ParamReader, rules: UrlRules): WebhookOutSubChange {
  const profile = readVersion(params)
  for (const attr of ['key', 'name', 'callback_url']) if (params.cleared(attr)) params.invalid(attr, 'empty')
  const statuses = readNames(params, 'statuses', 'order_status')
  const events = readNames(params, 'events', 'order_event')
  const active = params.flag('active')
  const notify = params.flag('notify')
  const isNamed = (attr: string) => params.has(attr) || params.cleared(attr)
  return {
    profile,
    ...(params.has('key') ? { key: readLine(params, 'key') } : {}),
    ...(params.has('name') ? { name: readLine(params, 'name') } : {}),
    ...(params.has('callback_url') ? { url: readUrl(params, rules) } : {}),
    ...(statuses ? { statuses } : {}),
    ...(events ? { events } : {}),
    ...(isNamed('notification_emails') ? { notificationEmails: readEmails(params) } : {}),
    ...(isNamed('success_code') ? { successCode: readSuccessCode(params) } : {}),
    ...(isNamed('payload_render_view') ? { view: readView(params, profile) } : {}),
    ...(active === undefined ? {} : { active }),
    ...(notify === undefined ? {} : { notify }),
  }
}
