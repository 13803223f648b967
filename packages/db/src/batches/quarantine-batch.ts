import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Sets a batch aside with a notice for each integration that has triggers in it: nobody claims it again. False: no longer
 * this worker's.
 */
export async function quarantineBatch(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
): Promise<boolean> {
  const rows = await sql`
    WITH aside AS (
      UPDATE batches SET quarantined_at = now(), owner = NULL
      WHERE id = ${batch}::bigint AND owner = ${worker}::int RETURNING id, first_trigger, n, runs
    )
    INSERT INTO notices (kind, ref, integration, details)
    SELECT 'batch_quarantined', a.id || coalesce('.' || t.integration, ''), t.integration,
      jsonb_build_object('trigger', coalesce(t.first, a.first_trigger), 'runs', a.runs)
    FROM aside a LEFT JOIN LATERAL (
      SELECT integration, min(id) AS first FROM triggers
      WHERE id >= a.first_trigger AND id < a.first_trigger + a.n GROUP BY integration
    ) AS t ON true
    ON CONFLICT DO NOTHING RETURNING id`
  return rows.length > 0
}
