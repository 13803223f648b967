import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Deletes up to `limit` notices that are as old as history may be and need nobody any more: told, or never to be told.
 * That of a batch which is still in quarantine stays. Returns how many went.
 */
export async function purgeNotices(sql: SqlOrTransaction, limit: number): Promise<number> {
  const { count } = await sql`
    WITH old AS MATERIALIZED (
      SELECT id FROM notices n
      WHERE created_at < now() - (SELECT days FROM retention) * interval '1 day'
        AND (sent_at IS NOT NULL OR next_try_at = 'infinity')
        AND NOT EXISTS (SELECT FROM batches b WHERE n.kind = 'batch_quarantined' AND b.id::text = split_part(n.ref, '.', 1))
      ORDER BY id LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    )
    DELETE FROM notices USING old WHERE notices.id = old.id`
  return count
}
