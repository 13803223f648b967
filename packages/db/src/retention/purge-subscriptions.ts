import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Deletes what up to `limit` subscriptions that were deleted long ago leave behind: their revisions, signing secrets and
 * lanes. None of their deliveries is kept any more, and no open batch can have planned one. The subscription's own row
 * stays, for the audit log names it. Returns how many were emptied.
 */
export async function purgeSubscriptions(sql: SqlOrTransaction, limit: number): Promise<number> {
  const [row] = await sql<{ emptied: number }[]>`
    WITH gone AS MATERIALIZED (
      SELECT s.id FROM subscriptions s
      WHERE s.deleted_at < now() - (SELECT days + 1 FROM retention) * interval '1 day'
        AND EXISTS (SELECT FROM revisions WHERE subscription = s.id)
        AND NOT EXISTS (SELECT FROM batches WHERE created_at < s.deleted_at + interval '1 day')
        AND NOT EXISTS (SELECT FROM due WHERE subscription = s.id)
        AND (SELECT id FROM deliveries WHERE subscription = s.id LIMIT 1) IS NULL
      ORDER BY s.id LIMIT ${limit}::int FOR UPDATE OF s SKIP LOCKED
    ),
    no_revisions AS (DELETE FROM revisions USING gone WHERE subscription = gone.id),
    no_secrets AS (DELETE FROM secrets USING gone WHERE subscription = gone.id),
    no_lanes AS (DELETE FROM lanes USING gone WHERE subscription = gone.id AND owner IS NULL)
    SELECT count(*)::int AS emptied FROM gone`
  return row?.emptied ?? 0
}
