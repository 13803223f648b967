import { catalogue } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import type { Fragment, JobsQuery } from './jobs-query.ts'

/** Order events by the text of their type; what is not among them has no event type. */
const eventOrder = catalogue
  .filter(({ kind }) => kind === 'order_event')
  .toSorted((a, b) => (a.shortName < b.shortName ? -1 : 1))
  .map(({ id }) => id)
const eventless = catalogue.filter(({ kind }) => kind === 'order_status').map(({ id }) => id)

/** 0 for a delivery without an event type. */
const eventRank = (sql: Sql, row: Fragment): Fragment =>
  sql`coalesce(array_position(${eventOrder}::smallint[], ${row}.event_id), 0)`

/**
 * How rows of `row` (an alias) are sorted. As the indexes are ordered: what has no value stands behind all others when
 * descending and before them when ascending. Ties are broken by id in the same direction.
 */
export function jobOrder(sql: Sql, { sort: { by, order } }: JobsQuery, row: Fragment): Fragment {
  const nullable = order === 'asc' ? sql`ASC NULLS FIRST` : sql`DESC NULLS LAST`
  const key = {
    status_code: sql`${row}.last_code`,
    event_type: eventRank(sql, row),
    last_sent_at: sql`${row}.last_sent_at`,
  }[by]
  return sql`${key} ${nullable}, ${row}.id ${direction(sql, order)}`
}

export const direction = (sql: Sql, order: 'asc' | 'desc'): Fragment =>
  order === 'asc' ? sql`ASC` : sql`DESC`

/**
 * The values a sort puts one after the other, where an index has the deliveries of one value in order, but not all of
 * them together: event types, and the status codes that are asked for. Undefined: an index has the order itself.
 */
export function jobGroups(query: JobsQuery): { by: 'event_id' | 'last_code'; values: number[] } | undefined {
  const { sort, eventIds, statusCodes } = query
  if (sort.by === 'event_type')
    return {
      by: 'event_id',
      values: [...eventless, ...eventOrder].filter((id) => eventIds?.includes(id) ?? true),
    }
  return sort.by === 'status_code' && statusCodes
    ? { by: 'last_code', values: [...new Set(statusCodes)] }
    : undefined
}

/** Which events the rows `start` up to `end` of a sort by event type are of, and how many rows are before these events. */
export function eventsBetween(
  order: 'asc' | 'desc',
  counts: readonly { eventId: number; n: number }[],
  start: number,
  end: number,
): { eventIds: number[]; skipped: number } {
  const rankOf = (id: number) => eventOrder.indexOf(id)
  const ways = order === 'asc' ? 1 : -1
  const ranks = [...new Set(counts.map(({ eventId }) => rankOf(eventId)))].sort((a, b) => (a - b) * ways)
  const eventIds: number[] = []
  let skipped = 0
  let passed = 0
  for (const rank of ranks) {
    const group = counts.filter(({ eventId }) => rankOf(eventId) === rank)
    const size = group.reduce((sum, { n }) => sum + n, 0)
    if (passed + size <= start) skipped += size
    else if (passed < end) eventIds.push(...group.map(({ eventId }) => eventId))
    passed += size
  }
  return { eventIds, skipped }
}
