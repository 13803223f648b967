import type { SqlOrTransaction } from '../open-database.ts'

/** Deletes up to `limit` signing secrets that ran out as long ago as history is kept. Returns how many went. */
export async function purgeSecrets(sql: SqlOrTransaction, limit: number): Promise<number> {
  const { count } = await sql`
    WITH old AS MATERIALIZED (
      SELECT id FROM secrets WHERE expires_at < now() - (SELECT days FROM retention) * interval '1 day'
      ORDER BY id LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    )
    DELETE FROM secrets USING old WHERE secrets.id = old.id`
  return count
}
