import type { AuditedTrigger, MatchedSubscription } from '@waybill/db'
import {
  catalogueById,
  profileByCode,
  profiles,
  type IntegrationId,
  type SubscriptionId,
} from '@waybill/domain'

/**
 * A subscription that changed this close to the trigger may have been seen as it was before or after: transactions take
 * the time of their start.
 */
const doubtMs = 60_000

/** The subscriptions that a trigger must have made a delivery for. */
export type ExpectedMatches = (trigger: AuditedTrigger) => SubscriptionId[]

/**
 * Recomputes what a trigger had to match, apart from the code that matched it. Only subscriptions that have not changed
 * since well before the trigger can be judged; of all others nothing is expected. Pure.
 */
export function expectMatches(subscriptions: readonly MatchedSubscription[]): ExpectedMatches {
  const byIntegration = new Map<IntegrationId, MatchedSubscription[]>()
  for (const one of subscriptions) {
    const profile = profileByCode(one.profile)
    if (!profile || (one.inactive && profiles[profile].whenInactive === 'nothing')) continue
    const others = byIntegration.get(one.integration)
    if (others) others.push(one)
    else byIntegration.set(one.integration, [one])
  }
  return ({ integration, eventId, facilityId, createdAtMs }) => {
    const dialects = catalogueById(eventId)?.dialects
    return (byIntegration.get(integration) ?? [])
      .filter(({ profile, filters, changedAtMs }) => {
        const name = profileByCode(profile)
        return (
          changedAtMs < createdAtMs - doubtMs &&
          name !== undefined &&
          dialects?.[name] !== undefined &&
          (filters.eventIds?.includes(eventId) ?? true) &&
          (filters.facilities === undefined ||
            (facilityId !== null && filters.facilities.includes(facilityId)))
        )
      })
      .map(({ id }) => id)
  }
}
