import { isOpen, type StoryDelivery, type TriggerStory } from './api/trigger-story.ts'

const stateWords: Readonly<Record<string, string>> = {
  accepted: 'accepted; its deliveries are still being planned or sent',
  fanned_out: 'every matching subscription was served once',
  quarantined: 'set aside: planning it failed again and again',
}

/** The profile of each subscription that still exists, by its id. */
export type Profiles = ReadonlyMap<string, string | null>

/** A trigger's whole story as lines: what it was, whom it matched, each attempt, what is next. */
export function printTrace(story: TriggerStory, profiles: Profiles, now: Date): string[] {
  const subject = story.order_id === null ? `facility ${story.facility_id ?? '–'}` : `order ${story.order_id}`
  const count = story.deliveries.length
  return [
    `Trigger ${story.id}`,
    `  what      ${story.kind ?? '?'} ${story.name ?? '?'}, ${subject}, integration ${story.integration_id}`,
    `  accepted  ${story.accepted_at}${story.duplicate ? ' as a repetition of an earlier occurrence' : ''}`,
    `  state     ${stateWords[story.state] ?? story.state}`,
    `  matched   ${count === 0 ? 'no subscription' : `${count} subscription${count === 1 ? '' : 's'}`}`,
    ...(story.matched_more === null ? [] : [`            and more: ${story.matched_more}`]),
    ...story.deliveries.flatMap((delivery) => ['', ...printDelivery(delivery, profiles, now)]),
  ]
}

function printDelivery(delivery: StoryDelivery, profiles: Profiles, now: Date): string[] {
  const { subscription, event, status, id } = delivery
  return [
    `${subscription.name} (${subscription.key}), ${profiles.get(subscription.id) ?? 'deleted since'}: ${status}`,
    `  delivery  ${id}, as ${event ?? '?'}`,
    ...delivery.attempts.map(printAttempt),
    `  next      ${describeNext(delivery, now)}`,
  ]
}

function printAttempt({
  n,
  sent_at,
  duration_ms,
  response_status,
  error,
}: StoryDelivery['attempts'][number]): string {
  const outcome = response_status === null ? (error ?? 'no answer') : `answered ${response_status}`
  const duration = duration_ms === null ? '' : ` in ${duration_ms} ms`
  return `  attempt ${n} ${sent_at ?? '(time unknown)'}  ${outcome}${duration}`
}

function describeNext(delivery: StoryDelivery, now: Date): string {
  const { next_attempt_at: next, attempts, err, status } = delivery
  if (next !== null) {
    const seconds = Math.round((Date.parse(next) - now.getTime()) / 1_000)
    return `attempt ${attempts.length + 1} ${seconds > 0 ? `in ${seconds} s, at ${next}` : `is due since ${next}`}`
  }
  if (isOpen(delivery)) return 'the first attempt is under way'
  if (status === 'delivered') return 'nothing, it is done'
  return err === null ? 'nothing' : `nothing: ${err}; a person may redeliver it`
}
