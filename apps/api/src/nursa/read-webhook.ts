import { checkUrl } from '@waybill/egress'
import { nursaEvents, type NursaAudience } from '@waybill/domain'
import type { JsonObject } from '../http/parse-json-body.ts'
import type { UrlRules } from '../subscriptions/subscription-fields.ts'
import { NursaRefusal } from './nursa-refusal.ts'

/** A webhook's body, read; absent: not given. `facilities` `[]` is every facility, `secrets` `[]` asks for a new one. */
export type WebhookBody = { url?: string; events?: string[]; facilities?: string[]; secrets?: string[] }

type CheckRule = (holds: boolean, rule: string) => void

const maxSecrets = 2
const maxFacilities = 1_000
const maxFacilityLength = 128
const maxSecretLength = 255
const unfit = /[\p{Cc}\p{Cs}]/u

/**
 * The body of "Create Webhook for Facilities" and its three neighbours
 * (https://docs.nursa.com/pages/api/facilities-webhooks-controller-create-one). Null is not given; members that the page
 * does not have are ignored.
 *
 * @throws NursaRefusal 400 with every rule that fails, in the order of that page's example, our own rules behind each
 * member's documented ones
 */
export function readWebhook(
  body: JsonObject,
  audience: NursaAudience,
  rules: UrlRules,
  partial: boolean,
): WebhookBody {
  const failed: string[] = []
  const check: CheckRule = (holds, rule) => void (holds || failed.push(rule))
  const given = (name: string): unknown => body[name] ?? undefined
  const [url, events] = [given('url'), given('events')]
  if (url !== undefined || !partial) checkWebhookUrl(url, rules, check)
  if (events !== undefined || !partial) checkEvents(events, [...nursaEvents[audience]], audience, check)
  const facilities = audience === 'facility' ? given('facilities') : undefined
  if (facilities !== undefined) checkFacilities(facilities, check)
  const secrets = given('secrets')
  if (secrets !== undefined) checkSecrets(secrets, check)
  if (failed.length > 0) throw new NursaRefusal(400, failed)
  return {
    ...(url === undefined ? {} : { url: url as string }),
    ...listOf('events', events),
    ...listOf('facilities', facilities),
    ...listOf('secrets', secrets),
  }
}

const listOf = (name: 'events' | 'facilities' | 'secrets', value: unknown): WebhookBody =>
  value === undefined ? {} : { [name]: [...new Set(value as string[])] }

function checkWebhookUrl(url: unknown, { policy }: UrlRules, check: CheckRule): void {
  const secure = typeof url === 'string' && /^https:\/\//i.test(url) && URL.canParse(url)
  check(secure, 'should be a secure URL with HTTPS')
  check(typeof url === 'string', 'url must be a string')
  const found = secure ? checkUrl(url, policy, { requireHttps: true }) : undefined
  if (found && !found.ok) check(false, `url is refused: ${found.message}`)
}

function checkEvents(events: unknown, names: string[], audience: NursaAudience, check: CheckRule): void {
  const known = audience === 'facility' ? [...names, 'all'] : ['all', ...names]
  const isList = Array.isArray(events)
  check(isList && events.length > 0, 'events must contain at least 1 elements')
  check(isList, 'events must be an array')
  check(
    isList && events.every((name) => known.includes(name as string)),
    `each value in events must be one of the following values: ${known.join(', ')}`,
  )
}

function checkFacilities(facilities: unknown, check: CheckRule): void {
  const isList = Array.isArray(facilities)
  const texts = isList && facilities.every((id): id is string => typeof id === 'string')
  check(texts, 'each value in facilities must be a string')
  check(
    !isList || facilities.length <= maxFacilities,
    `facilities must contain no more than ${maxFacilities} elements`,
  )
  if (texts)
    check(
      facilities.every((id: string) => id.trim() !== '' && id.length <= maxFacilityLength && !unfit.test(id)),
      `each value in facilities must have 1 to ${maxFacilityLength} characters and no control characters`,
    )
}

function checkSecrets(secrets: unknown, check: CheckRule): void {
  const isList = Array.isArray(secrets)
  check(isList && secrets.length <= maxSecrets, `secrets must contain no more than ${maxSecrets} elements`)
  check(isList, 'secrets must be an array')
  if (!isList) return
  const texts = secrets.every((secret): secret is string => typeof secret === 'string')
  check(texts, 'each value in secrets must be a string')
  if (texts)
    check(
      secrets.every((secret) => secret.length > 0 && secret.length <= maxSecretLength && !unfit.test(secret)),
      `each value in secrets must have 1 to ${maxSecretLength} characters and no control characters`,
    )
}
