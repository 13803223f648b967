import type { SqlOrTransaction } from '../open-database.ts'

/** Rows looked up at a time: finding them may mean reading over much of the table. */
const lookedUp = 50_000
/** Rows deleted, and so locked, at a time. */
const deleted = 5_000

/**
 * Forgets idempotency keys after 7 days, which is what callers are promised, and occurrences when history of their day
 * goes. Returns how many; 0 when there is nothing left to forget. Nothing else ever locks these rows but a second
 * purge, and whoever brings such an old key again right now waits for one small delete.
 */
export async function purgeAcceptKeys(sql: SqlOrTransaction): Promise<number> {
  const old = sql`created_at < now() - CASE kind WHEN 1 THEN 7 ELSE (SELECT days FROM retention) END * interval '1 day'`
  const found = await sql<{ place: string }[]>`
    SELECT ctid::text AS place FROM accept_keys WHERE created_at < now() - interval '7 days' AND ${old}
    LIMIT ${lookedUp}::int`
  let purged = 0
  for (let i = 0; i < found.length; i += deleted) {
    const places = found.slice(i, i + deleted).map(({ place }) => place)
    // A row may have moved into a place that was purged meanwhile.
    const { count } = await sql`DELETE FROM accept_keys WHERE ctid = ANY(${places}::text[]::tid[]) AND ${old}`
    purged += count
  }
  return purged
}
