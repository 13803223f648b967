import type { SubscriptionFilters, SubscriptionRecord } from '@waybill/db'
import { catalogue, nursaEventIds, nursaEvents, profileByCode, type ProfileName } from '@waybill/domain'
import type { FieldProblem } from '../http/problem.ts'
import { readEventNames } from './event-names.ts'

/**
 * What a subscription filters by once it listens to these names, as the dialect that made it would have written it. What
 * else a vendor's dialect filters by cannot be said here, and stays.
 */
export function changedFilters(
  { filters: before, profile: code }: Pick<SubscriptionRecord, 'filters' | 'profile'>,
  names: readonly string[],
  problems: FieldProblem[],
): SubscriptionFilters {
  const profile = profileByCode(code) ?? 'standard'
  const { eventIds: _eventIds, all: _all, ...others } = before
  const { eventIds } = readEventNames(profile, names, problems)
  switch (profile) {
    case 'standard':
      return { ...others, ...(eventIds ? { eventIds } : {}) }
    case 'planomatic-v2':
    case 'planomatic-v3':
      return { ...others, eventIds: eventIds ?? eventIdsOf(profile) }
    case 'nursa': {
      const { audience = 'facility' } = before
      const known = nursaEventIds(nursaEvents[audience])
      if (!eventIds) return { ...others, eventIds: known, all: true }
      refuseOthers(known, names, audience, problems)
      return { ...others, eventIds }
    }
    case 'planning-center':
      if (!isSame(eventIds, before.eventIds)) problems.push(ofOneEvent)
      return before
    default:
      return profile satisfies never
  }
}

/** Its dialect shows them one by one, so they are listed. */
const eventIdsOf = (profile: ProfileName): number[] =>
  catalogue.filter(({ dialects }) => dialects[profile] !== undefined).map(({ id }) => id)

/** The two kinds of Nursa webhook are told different events. */
function refuseOthers(
  known: readonly number[],
  names: readonly string[],
  audience: string,
  problems: FieldProblem[],
): void {
  for (const [index, name] of names.entries()) {
    const [id] = nursaEventIds([name])
    if (id === undefined || known.includes(id)) continue
    problems.push({
      pointer: `/events/${index}`,
      code: 'unknown_event_type',
      message: `A ${audience} webhook is not told this event.`,
    })
  }
}

const ofOneEvent: FieldProblem = {
  pointer: '/events',
  code: 'read_only_field',
  message: 'A Planning Center subscription has one event, which cannot change: make another subscription.',
}

const isSame = (one: readonly number[] | undefined, other: readonly number[] | undefined): boolean =>
  one?.length === other?.length && (one ?? []).every((id) => other?.includes(id))
