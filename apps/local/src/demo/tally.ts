import { isOpen, type TriggerStory } from '../api/trigger-story.ts'
import type { ArrivalLog } from './arrival-log.ts'

/** What became of the deliveries to one subscriber. `latencyMs` is from accept to first arrival, sorted. */
export type TallyRow = {
  name: string
  profile: string
  matched: number
  /** Requests with a good signature, those of retries among them. */
  arrived: number
  delivered: number
  retried: number
  pending: number
  latencyMs: number[]
}

/** One row per subscriber, in that order; `id` is that of its subscription. Others' subscriptions are left out. */
export function tally(
  stories: readonly TriggerStory[],
  subscribers: readonly { id: string; key: string; name: string; profile: string }[],
  { arrived, firstArrival }: Pick<ArrivalLog, 'arrived' | 'firstArrival'>,
): TallyRow[] {
  return subscribers.map(({ id, key, name, profile }) => {
    const own = stories.flatMap((story) =>
      story.deliveries
        .filter((delivery) => delivery.subscription.id === id)
        .map((delivery) => ({ delivery, acceptedAt: Date.parse(story.accepted_at) })),
    )
    const latencyMs = own
      .map(({ delivery, acceptedAt }) => (firstArrival(delivery.id) ?? Number.NaN) - acceptedAt)
      .filter((ms) => !Number.isNaN(ms))
      .map((ms) => Math.max(0, ms))
      .toSorted((a, b) => a - b)
    return {
      name,
      profile,
      matched: own.length,
      arrived: arrived(key),
      delivered: own.filter(({ delivery }) => delivery.status === 'delivered').length,
      retried: own.filter(({ delivery }) => delivery.attempts.length > 1).length,
      pending: own.filter(({ delivery }) => isOpen(delivery)).length,
      latencyMs,
    }
  })
}

/** The smallest value that `share` (0 to 1) of the sorted values do not exceed. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
}
