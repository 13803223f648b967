import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { packPlan, type PlannedDelivery } from './plan.ts'

/**
 * Replaces a batch whose plan is too long by parts that carry their plan already, and returns the parts' ids.
 * Empty: the batch is no longer this worker's.
 */
export async function splitPlan(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
  parts: readonly (readonly PlannedDelivery[])[],
): Promise<BatchId[]> {
  const plans = parts.map((part) => `{${packPlan(part).join(',')}}`)
  const rows = await sql<{ id: BatchId }[]>`
    WITH parent AS (
      DELETE FROM batches WHERE id = ${batch}::bigint AND owner = ${worker}::int AND plan IS NULL
      RETURNING first_trigger, n, v, bulk, created_at
    )
    INSERT INTO batches (id, first_trigger, n, v, bulk, created_at, base, plan)
    SELECT number(), first_trigger, n, v, bulk, created_at, number(), part.plan::int[]
    FROM parent, unnest(${plans}::text[]) AS part(plan)
    RETURNING id`
  return rows.map((row) => row.id)
}
