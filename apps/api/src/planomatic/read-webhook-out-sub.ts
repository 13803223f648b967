import { checkUrl } from '@waybill/egress'
import {
  findEvent,
  isKnownView,
  parseSuccessCode,
  type CatalogueKind,
  type ProfileName,
} from '@waybill/domain'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import type { ParamReader } from './param-reader.ts'

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

const email = /^[^\s@,]{1,64}@[^\s@,]{1,190}$/
const unfit = /[\p{Cc}\p{Cs}]/u
const maxText = 255

/** The parameters of `webhook_out_subs/create` except token and integration; what is wrong goes to the reader. */
export function readWebhookOutSub(params: ParamReader, rules: UrlRules): WebhookOutSub {
  const emails = readEmails(params)
  const profile = readVersion(params)
  return {
    key: line(params, 'key'),
    name: line(params, 'name'),
    url: readUrl(params, rules),
    profile,
    eventIds: [
      ...readNames(params, 'statuses', 'order_status'),
      ...readNames(params, 'events', 'order_event'),
    ],
    notificationEmails: emails,
    successCode: readSuccessCode(params),
    view: readView(params, profile),
    active: params.flag('active') ?? true,
    notify: params.flag('notify') ?? emails !== null,
  }
}

function line(params: ParamReader, attr: string): string {
  const text = params.required(attr)
  if (text.length > maxText) params.invalid(attr, `longer than ${maxText} characters`)
  if (unfit.test(text)) params.invalid(attr, 'contains control characters')
  return text
}

/** Kept byte for byte: integrators put keys into the query string. */
function readUrl(params: ParamReader, { policy, requireHttps }: UrlRules): string {
  const url = params.required('callback_url')
  const check = url === '' ? undefined : checkUrl(url, policy, { requireHttps })
  if (check && !check.ok) params.invalid('callback_url', check.message)
  return url
}

/** Version 2 tells order statuses, version 3 order events. */
function readVersion(params: ParamReader): ProfileName {
  const version = params.required('version')
  const [, digit] = /^(?:v|version_)?([23])$/i.exec(version) ?? []
  if (version !== '' && digit === undefined) params.invalid('version', 'unrecognized')
  return digit === '2' ? 'planomatic-v2' : 'planomatic-v3'
}

function readNames(params: ParamReader, attr: string, kind: CatalogueKind): number[] {
  const ids = new Set<number>()
  for (const [index, name] of (params.list(attr) ?? []).entries()) {
    const entry = typeof name === 'string' ? findEvent(kind, name) : undefined
    if (entry) ids.add(entry.id)
    else params.invalid(`${attr}.${index}`, 'unrecognized')
  }
  return [...ids]
}

function readEmails(params: ParamReader): string | null {
  const text = params.text('notification_emails')
  if (text === undefined) return null
  const bad = text.length > 2_000 || text.split(',').some((part) => !email.test(part.trim()))
  if (bad) params.invalid('notification_emails', 'must be e-mail addresses separated by commas')
  return text
}

function readSuccessCode(params: ParamReader): string | null {
  const text = params.text('success_code')
  if (text !== undefined && !parseSuccessCode(text)) params.invalid('success_code', 'must be like 200 or 2XX')
  return text ?? null
}

function readView(params: ParamReader, profile: ProfileName): string | null {
  const view = params.text('payload_render_view')
  if (view !== undefined && !isKnownView(profile, view)) params.invalid('payload_render_view', 'unrecognized')
  return view ?? null
}
