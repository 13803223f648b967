import type { SubscriptionRecord } from '@waybill/db'
import { catalogueById, type NursaAudience, type PublicIds } from '@waybill/domain'

/**
 * A webhook as the vendor shows it, its secrets in clear among the rest. `clientId` is the integration; `facilities` is
 * empty for one that hears of every facility, and not there for one of users.
 */
export function webhookJson(
  publicIds: PublicIds,
  subscription: SubscriptionRecord,
  secrets: readonly Buffer[],
) {
  const { id, url, integration, filters } = subscription
  return {
    id: publicIds.encode('subscription', id),
    url,
    events: eventNames(subscription),
    clientId: String(integration),
    ...(audienceOf(subscription) === 'facility' ? { facilities: filters.facilities ?? [] } : {}),
    secrets: secrets.map((secret) => secret.toString()),
  }
}

/** One that does not say is of facilities, the kind with the filter. */
export const audienceOf = ({ filters }: SubscriptionRecord): NursaAudience => filters.audience ?? 'facility'

/** In the order in which they were given. */
function eventNames({ filters }: SubscriptionRecord): string[] {
  if (filters.all || filters.eventIds === undefined) return ['all']
  return filters.eventIds.flatMap((id) => catalogueById(id)?.dialects.nursa ?? [])
}
