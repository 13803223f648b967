import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Replaces a batch without a plan by batches of one trigger each: so that the one to blame is found when it keeps killing
 * its workers, or because all its matches are too many for one plan. The parts inherit `runs`. Empty: no longer this
 * worker's.
 */
export async function splitTriggers(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
): Promise<BatchId[]> {
  const rows = await sql<{ id: BatchId }[]>`
    WITH parent AS (
      DELETE FROM batches WHERE id = ${batch}::bigint AND owner = ${worker}::int AND plan IS NULL
      RETURNING first_trigger, n, v, bulk, created_at, runs
    )
    INSERT INTO batches (id, first_trigger, n, v, bulk, created_at, runs)
    SELECT number(), t.id, 1, v, bulk, p.created_at, runs
    FROM parent p JOIN triggers t ON t.id >= p.first_trigger AND t.id < p.first_trigger + p.n
    RETURNING id`
  return rows.map((row) => row.id)
}
