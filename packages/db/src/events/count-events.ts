import type { Sql } from '../open-database.ts'
import { whereEvents, type EventFilter } from './event-query.ts'

/** Up to here events are counted one by one. */
export const countedExactly = 10_000

/**
 * How many deliveries the filter has: exactly up to {@link countedExactly}; beyond that what the database's planner expects
 * from its statistics, which counting a million rows at each page is not worth.
 */
export async function countEvents(sql: Sql, filter: EventFilter): Promise<number> {
  const [counted] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n
    FROM (SELECT FROM deliveries d WHERE ${whereEvents(sql, filter)} LIMIT ${countedExactly + 1}::int) AS found`
  const n = counted?.n ?? 0
  return n <= countedExactly ? n : Math.max(n, await expectedEvents(sql, filter))
}

type Explained = { 'QUERY PLAN': readonly { Plan: { 'Plan Rows': number } }[] }

async function expectedEvents(sql: Sql, filter: EventFilter): Promise<number> {
  const [explained] = await sql<Explained[]>`
    EXPLAIN (FORMAT JSON) SELECT FROM deliveries d WHERE ${whereEvents(sql, filter)}`
  return Math.round(explained?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 0)
}
