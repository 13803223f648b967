import type { BatchId, DeliveryId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { packPlan, type PlannedDelivery } from './plan.ts'

/** Deliveries a single batch may hold; longer plans are split. Must not exceed the 1,000 numbers of a block. */
export const maxPlanLength = 500

/**
 * Commits the plan and reserves its delivery ids: base, base + 1, … Undefined: the batch is no longer this
 * worker's, so nothing may be sent.
 */
export async function freezePlan(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
  plan: readonly PlannedDelivery[],
): Promise<DeliveryId | undefined> {
  const [row] = await sql<{ base: DeliveryId }[]>`
    UPDATE batches SET plan = ${packPlan(plan)}::int[], base = number()
    WHERE id = ${batch}::bigint AND owner = ${worker}::int AND plan IS NULL
    RETURNING base`
  return row?.base
}
