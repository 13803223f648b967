import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Deletes up to `limit` sessions that ended as long ago as history is kept: somebody ended them, or they are a week older
 * than that and not remembered. Returns how many went.
 */
export async function purgeSessions(sql: SqlOrTransaction, limit: number): Promise<number> {
  const { count } = await sql`
    WITH old AS MATERIALIZED (
      SELECT s.id FROM sessions s, retention r
      WHERE s.ended_at < now() - r.days * interval '1 day'
        OR (NOT s.remembered AND s.created_at < now() - (r.days + 7) * interval '1 day')
      ORDER BY s.id LIMIT ${limit}::int FOR UPDATE OF s SKIP LOCKED
    )
    DELETE FROM sessions USING old WHERE sessions.id = old.id`
  return count
}
