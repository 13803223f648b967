import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Sets a batch aside with a notice: nobody claims it again. False: no longer this worker's. */
export async function quarantineBatch(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
): Promise<boolean> {
  const rows = await sql`
    WITH aside AS (
      UPDATE batches SET quarantined_at = now(), owner = NULL
      WHERE id = ${batch}::bigint AND owner = ${worker}::int RETURNING id, first_trigger, runs
    )
    INSERT INTO notices (kind, ref, details)
    SELECT 'batch_quarantined', id::text, jsonb_build_object('trigger', first_trigger::text, 'runs', runs)
    FROM aside ON CONFLICT DO NOTHING RETURNING id`
  return rows.length > 0
}
