import { randomBytes } from 'node:crypto'
import {
  createSubscription,
  pgErrorCode,
  type MasterKeys,
  type SubscriptionRecord,
  type Storage,
} from '@waybill/db'
import { apiScopes, findByDialectName, profileCode, profiles } from '@waybill/domain'
import { checkUrl } from '@waybill/egress'
import type { Logger } from '@waybill/runtime'
import { quote } from '../http/quote.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import { organizationOf, type Call } from './call.ts'
import { invalidAttributes } from './refusal.ts'

export type CreateDeps = {
  storage: Pick<Storage, 'orm'>
  keys: MasterKeys
  urlRules: UrlRules
  logger: Pick<Logger, 'info'>
}

type Wanted = { name: string; eventId: number; url: string; active: boolean }
type Found = [parameter: string, detail: string][]

const profile = profiles['planning-center']
const timeoutMs = 15_000
const inFlightLimit = 20

/** Makes a subscription of one event name at one URL; neither can change later. */
export async function createEventSubscription(
  deps: CreateDeps,
  call: Call,
): Promise<{ made: SubscriptionRecord; secret: Buffer }> {
  const { principal, actor, application } = call
  const { name, eventId, url, active } = readWanted(call, deps.urlRules)
  const integration = organizationOf(principal)
  const secret = newSecret()
  const made = await createSubscription(deps.storage.orm, deps.keys, actor, {
    integration,
    key: randomBytes(9).toString('base64url'),
    name,
    url,
    view: null,
    profile: profileCode(profile.name),
    state: active ? 'active' : 'inactive',
    filters: { eventIds: [eventId] },
    successCode: null,
    horizonSeconds: profile.defaultHorizonMs / 1_000,
    timeoutMs,
    inFlightLimit,
    notify: principal.email !== null,
    notificationEmails: principal.email,
    application,
    secrets: [secret],
  }).catch((error: unknown) => {
    // A token may be scoped to an integration before somebody makes it.
    throw pgErrorCode(error) === '23503'
      ? invalidAttributes([['base', 'There is no such organization']])
      : error
  })
  if (made === 'key_taken') throw new Error('a random key was taken')
  deps.logger.info('subscription.created', { actor, integration, subscription: made.id })
  return { made, secret }
}

/** A text, since its receivers paste it: the key is its characters, not what they may encode. */
export const newSecret = (): Buffer => Buffer.from(randomBytes(32).toString('hex'), 'utf8')

function readWanted(call: Call, rules: UrlRules): Wanted {
  const { attributes } = call
  const found: Found = []
  const { name, eventId } = readName(call, attributes['name'], found)
  const wanted = {
    name,
    eventId,
    url: readUrl(attributes['url'], rules, found),
    active: readActive(attributes['active'], found) ?? true,
  }
  if (found.length > 0) throw invalidAttributes(found)
  return wanted
}

function readName({ principal }: Call, value: unknown, found: Found): { name: string; eventId: number } {
  const nothing = { name: '', eventId: 0 }
  if (typeof value !== 'string' || value === '') {
    found.push([
      'name',
      value === undefined || value === null || value === '' ? "Name can't be blank" : 'Name is a text',
    ])
    return nothing
  }
  const entry = findByDialectName(profile.name, value)
  if (entry) return { name: value, eventId: entry.id }
  const scopes = [...(principal.scopes ?? apiScopes)].join(' ')
  const detail = `Event ${quote(value)} is not available for subscription within current OAuth2 scope (${scopes}).`
  found.push(['base', detail])
  return nothing
}

function readUrl(value: unknown, { policy, requireHttps }: UrlRules, found: Found): string {
  if (typeof value !== 'string' || value === '') {
    found.push([
      'url',
      value === undefined || value === null || value === '' ? "Url can't be blank" : 'Url is a text',
    ])
    return ''
  }
  const check = checkUrl(value, policy, { requireHttps })
  if (!check.ok) found.push(['url', check.message])
  return value
}

/** Null counts as not given: some clients send all the attributes they know. */
export function readActive(value: unknown, found: Found): boolean | undefined {
  if (typeof value === 'boolean') return value
  if (value !== undefined && value !== null) found.push(['active', 'Active is true or false'])
  return undefined
}
