import { catalogue, findByDialectName, type ProfileName } from '@waybill/domain'
import type { SubscriptionFilters } from '@waybill/db'
import type { FieldProblem } from '../http/problem.ts'
import { quote } from '../http/quote.ts'
import { withArticle } from '../triggers/check-event.ts'

/** A subscription's `events` as its filter: `["*"]` and nothing at all mean every event that the profile can name. */
export function readEventNames(
  profile: ProfileName,
  names: readonly string[] | undefined,
  problems: FieldProblem[],
): SubscriptionFilters {
  if (names === undefined || (names.length === 1 && names[0] === '*')) return {}
  if (names.includes('*')) {
    const pointer = `/events/${names.indexOf('*')}`
    const message = '"*" stands alone: send ["*"] or a list of names.'
    problems.push({ pointer, code: 'invalid_value', message })
    return {}
  }
  const ids = new Set<number>()
  for (const [index, name] of names.entries()) {
    const entry = findByDialectName(profile, name)
    if (entry) ids.add(entry.id)
    else
      problems.push({
        pointer: `/events/${index}`,
        code: 'unknown_event_type',
        message: unknown(profile, name),
      })
  }
  return { eventIds: [...ids] }
}

/** The filter in the profile's own words. */
export function eventNames(profile: ProfileName, { eventIds }: SubscriptionFilters): string[] {
  if (eventIds === undefined) return ['*']
  return catalogue.flatMap((entry) => {
    const name = entry.dialects[profile]
    return name !== undefined && eventIds.includes(entry.id) ? [name] : []
  })
}

function unknown(profile: ProfileName, name: string): string {
  const elsewhere = catalogue.find((entry) => entry.name === name)
  if (elsewhere && elsewhere.dialects[profile] === undefined)
    return `${quote(name)} is ${withArticle(elsewhere.kind)}, which ${profile} does not send.`
  const tail = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  const near = catalogue
    .map((entry) => entry.dialects[profile])
    .filter((known) => known !== undefined)
    .filter((known) => tail !== '' && known.endsWith(tail))
    .slice(0, 3)
  const hint = near.length > 0 ? ` Did you mean ${near.map(quote).join(' or ')}?` : ''
  return `There is no event ${quote(name)}.${hint}`
}
