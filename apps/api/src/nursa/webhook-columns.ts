import { randomBytes } from 'node:crypto'
import type { SubscriptionFilters } from '@waybill/db'
import { nursaEventIds, nursaEvents } from '@waybill/domain'
import type { WebhookBody } from './read-webhook.ts'

/** As long as those of the vendor's examples, in letters, digits, - and _. */
const generateSecret = (): string => randomBytes(24).toString('base64url')

/** `all` is kept as such, and as the events it stands for; no facility named is every facility. */
export function filtersOf(
  before: SubscriptionFilters,
  { events, facilities }: WebhookBody,
): SubscriptionFilters {
  const { audience = 'facility' } = before
  const heard = events?.includes('all')
    ? { eventIds: nursaEventIds(nursaEvents[audience]), all: true as const }
    : events
      ? { eventIds: nursaEventIds(events) }
      : {
          ...(before.eventIds ? { eventIds: before.eventIds } : {}),
          ...(before.all ? { all: before.all } : {}),
        }
  const at = facilities ?? before.facilities ?? []
  return { ...heard, ...(at.length > 0 ? { facilities: at } : {}), audience }
}

/** In clear, the newest first. */
export const secretsOf = (given: readonly string[]): Buffer[] =>
  (given.length > 0 ? given : [generateSecret()]).map((secret) => Buffer.from(secret))

/** What people see beside the URL elsewhere. */
export const nameOf = (url: string): string => new URL(url).host.slice(0, 200)
