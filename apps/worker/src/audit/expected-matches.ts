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
    const others = byIntegration.get(one.integration)
    if (others) others.push(one)
    else byIntegration.set(one.integration, [one])
  }
  const listening = new Map<string, MatchedSubscription[]>()
  const listeningTo = (integration: IntegrationId, eventId: number) => {
    const key = `${integration}.${eventId}`
    const known = listening.get(key)
    if (known) return known
    const found = (byIntegration.get(integration) ?? []).filter((one) => listens(one, eventId))
    listening.set(key, found)
    return found
  }
  return ({ integration, eventId, facilityId, createdAtMs }) =>
    listeningTo(integration, eventId)
      .filter(
        ({ changedAtMs, filters: { facilities } }) =>
          changedAtMs < createdAtMs - doubtMs &&
          (facilities === undefined || (facilityId !== null && facilities.includes(facilityId))),
      )
      .map(({ id }) => id)
}

function listens({ profile, inactive, filters }: MatchedSubscription, eventId: number): boolean {
  const name = profileByCode(profile)
  if (name === undefined || catalogueById(eventId)?.dialects[name] === undefined) return false
  if (inactive && profiles[name].whenInactive === 'nothing') return false
  return filters.eventIds?.includes(eventId) ?? true
}
