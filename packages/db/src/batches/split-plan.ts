import type { BatchId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { packPlan, type PlannedDelivery } from './plan.ts'

/** A piece of a plan that becomes a batch of its own. */
export type PlanPart = { plan: readonly PlannedDelivery[]; bulk: boolean }

/**
 * Replaces a batch whose plan is too long by parts that carry their plan already, and returns the parts' ids in their
 * order. Empty: the batch is no longer this worker's. A part names only the triggers it needs.
 */
export async function splitPlan(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
  parts: readonly PlanPart[],
): Promise<BatchId[]> {
  const lows = parts.map(({ plan }) => Math.min(...plan.map((planned) => planned.offset)))
  const counts = parts.map(
    ({ plan }, i) => Math.max(...plan.map((planned) => planned.offset)) - (lows[i] ?? 0) + 1,
  )
  const plans = parts.map(({ plan }, i) => {
    const moved = plan.map((planned) => ({ ...planned, offset: planned.offset - (lows[i] ?? 0) }))
    return `{${packPlan(moved).join(',')}}`
  })
  const rows = await sql<{ id: BatchId }[]>`
    WITH parent AS (
      DELETE FROM batches WHERE id = ${batch}::bigint AND owner = ${worker}::int AND plan IS NULL
      RETURNING first_trigger, v, created_at
    )
    INSERT INTO batches (id, first_trigger, n, v, bulk, created_at, base, plan)
    SELECT number(), first_trigger + part.low, part.n, v, part.bulk = 1, created_at, number(), part.plan::int[]
    FROM parent, unnest(${lows}::int[], ${counts}::int[], ${parts.map(({ bulk }) => Number(bulk))}::int[], ${plans}::text[])
      WITH ORDINALITY AS part(low, n, bulk, plan, i)
    ORDER BY part.i RETURNING id`
  return rows.map((row) => row.id)
}
