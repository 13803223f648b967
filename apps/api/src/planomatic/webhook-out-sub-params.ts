import { checkUrl } from '@waybill/egress'
import {
  findEvent,
  isKnownView,
  parseSuccessCode,
  type CatalogueKind,
  type ProfileName,
} from '@waybill/domain'
import { addressesRule, areAddresses } from '../notices/notification-rules.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import type { ParamReader } from './param-reader.ts'

const unfit = /[\p{Cc}\p{Cs}]/u
const maxText = 255

/** `key` or `name`. */
export function readLine(params: ParamReader, attr: string): string {
  const text = params.required(attr)
  if (text.length > maxText) params.invalid(attr, `longer than ${maxText} characters`)
  if (unfit.test(text)) params.invalid(attr, 'contains control characters')
  return text
}

/** Kept byte for byte: integrators put keys into the query string. */
export function readUrl(params: ParamReader, { policy, requireHttps }: UrlRules): string {
  const url = params.required('callback_url')
  const check = url === '' ? undefined : checkUrl(url, policy, { requireHttps })
  if (check && !check.ok) params.invalid('callback_url', check.message)
  return url
}

/** Version 2 tells order statuses, version 3 order events. */
export function readVersion(params: ParamReader): ProfileName {
  const version = params.digits('version') ?? params.required('version')
  const [, digit] = /^(?:v|version_)?([23])$/i.exec(version) ?? []
  if (version !== '' && digit === undefined) params.invalid('version', 'unrecognized')
  return digit === '2' ? 'planomatic-v2' : 'planomatic-v3'
}

/** Catalogue ids of `statuses` or `events`, each once; undefined where the list is not there. */
export function readNames(params: ParamReader, attr: string, kind: CatalogueKind): number[] | undefined {
  const read = (name: unknown) => (typeof name === 'string' ? findEvent(kind, name)?.id : undefined)
  const ids = params.listOf(attr, read)
  return params.has(attr) ? [...new Set(ids)] : undefined
}

export function readEmails(params: ParamReader): string | null {
  const text = params.text('notification_emails')
  if (text === undefined) return null
  if (!areAddresses(text)) params.invalid('notification_emails', addressesRule)
  return text
}

export function readSuccessCode(params: ParamReader): string | null {
  const text = params.digits('success_code') ?? params.text('success_code')
  if (text !== undefined && !parseSuccessCode(text)) params.invalid('success_code', 'must be like 200 or 2XX')
  return text ?? null
}

export function readView(params: ParamReader, profile: ProfileName): string | null {
  const view = params.text('payload_render_view')
  if (view !== undefined && !isKnownView(profile, view)) params.invalid('payload_render_view', 'unrecognized')
  return view ?? null
}
