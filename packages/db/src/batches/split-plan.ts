import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { packPlan, type PlannedDelivery } from './plan.ts'

/**
 * Replaces a batch whose plan is too long by parts that carry their plan already, and returns the parts' ids.
 * Empty: the batch is no longer this worker's. A part names only the triggers it needs, and is bulk: there
 * may be dozens of them.
 */
export async function splitPlan(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
  parts: readonly (readonly PlannedDelivery[])[],
): Promise<BatchId[]> {
  const lows = parts.map((part) => Math.min(...part.map((planned) => planned.offset)))
  const counts = parts.map(
    (part, i) => Math.max(...part.map((planned) => planned.offset)) - (lows[i] ?? 0) + 1,
  )
  const plans = parts.map((part, i) => {
    const moved = part.map((planned) => ({ ...planned, offset: planned.offset - (lows[i] ?? 0) }))
    return `{${packPlan(moved).join(',')}}`
  })
  const rows = await sql<{ id: BatchId }[]>`
    WITH parent AS (
      DELETE FROM batches WHERE id = ${batch}::bigint AND owner = ${worker}::int AND plan IS NULL
      RETURNING first_trigger, v, created_at
    )
    INSERT INTO batches (id, first_trigger, n, v, bulk, created_at, base, plan)
    SELECT number(), first_trigger + part.low, part.n, v, true, created_at, number(), part.plan::int[]
    FROM parent, unnest(${lows}::int[], ${counts}::int[], ${plans}::text[]) AS part(low, n, plan)
    RETURNING id`
  return rows.map((row) => row.id)
}
