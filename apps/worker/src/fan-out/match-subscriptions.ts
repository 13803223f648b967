import { plannedHow, type PlannedDelivery, type PlannedHow, type StoredTrigger } from '@waybill/db'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'

/**
 * The deliveries one trigger makes. Only subscriptions made before the trigger match; a trigger that repeats an
 * occurrence makes `duplicated` deliveries for those that were there at the first. Pure.
 *
 * @param offset the trigger's place in its batch
 * @param firstSeenMs when the first trigger of its occurrence was accepted, for a duplicate
 */
export function matchSubscriptions(
  trigger: StoredTrigger,
  offset: number,
  listening: readonly Subscriber[],
  firstSeenMs: number | undefined,
): PlannedDelivery[] {
  const plan: PlannedDelivery[] = []
  for (const subscriber of listening) {
    if (subscriber.createdAtMs >= trigger.createdAtMs || !listensAt(subscriber, trigger.facilityId)) continue
    const how = begin(trigger, subscriber, firstSeenMs)
    if (how !== undefined) {
      plan.push({ offset, subscription: subscriber.id, revision: subscriber.revision, how })
    }
  }
  return plan
}

function listensAt({ filters: { facilities } }: Subscriber, facility: string | null): boolean {
  return facilities === undefined || (facility !== null && facilities.includes(facility))
}

function begin(
  trigger: StoredTrigger,
  subscriber: Subscriber,
  firstSeenMs: number | undefined,
): PlannedHow | undefined {
  if (subscriber.state === 'inactive') {
    return subscriber.settings.whenInactive === 'skipped' ? plannedHow.skipped : undefined
  }
  if (trigger.duplicate && firstSeenMs !== undefined && subscriber.createdAtMs < firstSeenMs) {
    return plannedHow.duplicated
  }
  return subscriber.state === 'paused' ? plannedHow.pending : plannedHow.send
}
