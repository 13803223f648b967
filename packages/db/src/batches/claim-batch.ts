import type { BatchId, DeliveryId, TriggerId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { toTrigger, triggerColumns, type StoredTrigger, type TriggerRow } from '../triggers/stored-trigger.ts'
import { unpackPlan, type PlannedDelivery } from './plan.ts'

/** `runs` counts claims: above 1 an earlier owner gave the batch up or died. */
export type ClaimedBatch = {
  id: BatchId
  firstTrigger: TriggerId
  runs: number
  /** The frozen plan and its first delivery id, if one was frozen before this claim. */
  frozen: { base: DeliveryId; plan: PlannedDelivery[] } | undefined
  configVersion: number
  /** Of an integration over its share, or a part of a plan that was split: it must not hold up others. */
  bulk: boolean
  triggers: StoredTrigger[]
}

/**
 * The newest batch format this code understands, and the one it makes; newer ones are left for newer workers. Bumped with
 * everything a worker of the version before would fan out wrongly.
 */
export const batchFormat = 1

/** The most that the column holds: a claim must not fail for a number. */
const mostRuns = 32_767

type BatchRow = {
  first_trigger: TriggerId
  n: number
  runs: number
  base: DeliveryId | null
  plan: number[] | null
  bulk: boolean
  config_version: number
}

/**
 * Takes the batch for `worker` if nobody has it, and reads its triggers in the same statement. Undefined: it is
 * gone, taken, quarantined or newer than this worker, and there is nothing to do.
 */
export async function claimBatch(
  sql: SqlOrTransaction,
  batch: BatchId,
  worker: WorkerId,
): Promise<ClaimedBatch | undefined> {
  const rows = await sql<(BatchRow & (TriggerRow | { id: null }))[]>`
    WITH claimed AS (
      UPDATE batches SET owner = ${worker}::int, runs = least(runs + 1, ${mostRuns}::int)
      WHERE id = ${batch}::bigint AND owner IS NULL AND EXISTS (SELECT FROM workers WHERE id = ${worker}::int)
        AND v <= ${batchFormat}::int AND quarantined_at IS NULL
      RETURNING first_trigger, n, runs, base, plan, bulk
    )
    SELECT b.*, (SELECT version FROM config) AS config_version, ${triggerColumns(sql)}
    FROM claimed b
    LEFT JOIN triggers t ON t.id >= ${batch}::bigint AND t.id < ${batch}::bigint + 1000
      AND t.id >= b.first_trigger AND t.id < b.first_trigger + b.n
    ORDER BY t.id`
  const [head] = rows
  if (!head) return undefined
  return {
    id: batch,
    firstTrigger: head.first_trigger,
    runs: head.runs,
    frozen: head.plan && head.base !== null ? { base: head.base, plan: unpackPlan(head.plan) } : undefined,
    configVersion: head.config_version,
    bulk: head.bulk,
    triggers:
      head.id === null
        ? await readTriggers(sql, head.first_trigger, head.n)
        : rows.flatMap((row) => (row.id === null ? [] : toTrigger(row))),
  }
}

/** The triggers of a part of a split batch: their ids are not the batch's own. */
async function readTriggers(sql: SqlOrTransaction, first: TriggerId, n: number): Promise<StoredTrigger[]> {
  const rows = await sql<TriggerRow[]>`
    SELECT ${triggerColumns(sql)} FROM triggers t
    WHERE t.id >= ${first}::bigint AND t.id < ${first}::bigint + ${n}::bigint ORDER BY t.id`
  return rows.map(toTrigger)
}
