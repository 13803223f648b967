import type { IncomingMessage } from 'node:http'
import { parseTimestamp } from '../http/check-timestamp.ts'

/** The versions of the dialect, the oldest first; an unnamed one is the last. */
const versions = ['2018-08-01', '2022-10-20'] as const
export type ApiVersion = (typeof versions)[number]

export const newest: ApiVersion = '2022-10-20'

/**
 * The version a request asks for: a date is rounded down to one that exists ("Versioning",
 * https://api.planningcenteronline.com/docs/overview/versioning). Undefined for a date before the first and for what is no date.
 */
export function readVersion({ headers }: IncomingMessage): ApiVersion | undefined {
  const asked = headers['x-pco-api-version']
  if (asked === undefined || asked === '') return newest
  const text = String(asked).trim()
  if (text.toUpperCase() === 'LATEST') return newest
  if (parseTimestamp(`${text}T00:00:00Z`) === undefined) return undefined
  return versions.findLast((version) => version <= text)
}

/** What a subscription is called in this version. */
export const subscriptionType = (version: ApiVersion): 'Subscription' | 'WebhookSubscription' =>
  version === '2018-08-01' ? 'Subscription' : 'WebhookSubscription'
