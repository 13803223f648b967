import type { SqlOrTransaction } from '../open-database.ts'
import { unpackPlan, type PlannedDelivery } from './plan.ts'

/** A trigger as the worker needs it. `data` is the JSON text as posted. */
export type StoredTrigger = {
  id: number
  integration: number
  eventId: number
  orderId: string | null
  facilityId: string | null
  duplicate: boolean
  createdAtMs: number
  data: string
}

/** `runs` counts claims: above 1 an earlier owner gave the batch up or died. */
export type ClaimedBatch = {
  id: number
  firstTrigger: number
  runs: number
  /** The frozen plan and its first delivery id, if one was frozen before this claim. */
  frozen: { base: number; plan: PlannedDelivery[] } | undefined
  configVersion: number
  triggers: StoredTrigger[]
}

/** The newest batch format this code understands; newer ones are left for newer workers. */
export const batchFormat = 1

type Row = {
  first_trigger: number
  n: number
  runs: number
  base: number | null
  plan: number[] | null
  config_version: number
  id: number | null
  integration: number
  event_id: number
  order_id: string | null
  facility_id: string | null
  duplicate: boolean
  created_at_ms: number
  data: string
}

/**
 * Takes the batch for `worker` if nobody has it, and reads its triggers in the same statement. Undefined: it is
 * gone, taken, quarantined or newer than this worker, and there is nothing to do.
 */
export async function claimBatch(
  sql: SqlOrTransaction,
  batch: number,
  worker: number,
): Promise<ClaimedBatch | undefined> {
  const rows = await sql<Row[]>`
    WITH claimed AS (
      UPDATE batches SET owner = ${worker}::int, runs = runs + 1
      WHERE id = ${batch}::bigint AND owner IS NULL AND v <= ${batchFormat}::int AND quarantined_at IS NULL
      RETURNING first_trigger, n, runs, base, plan
    )
    SELECT b.*, (SELECT version FROM config) AS config_version, t.id, t.integration, t.event_id, t.order_id,
      t.facility_id, t.duplicate, extract(epoch FROM t.created_at)::float8 * 1000 AS created_at_ms, t.data
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
    triggers:
      head.id === null
        ? await readTriggers(sql, head.first_trigger, head.n)
        : rows.map((row) => ({ ...row, id: row.id as number })).map(toTrigger),
  }
}

/** The triggers of a part of a split batch: their ids are not the batch's own. */
export async function readTriggers(
  sql: SqlOrTransaction,
  first: number,
  n: number,
): Promise<StoredTrigger[]> {
  const rows = await sql<(Row & { id: number })[]>`
    SELECT id, integration, event_id, order_id, facility_id, duplicate,
      extract(epoch FROM created_at)::float8 * 1000 AS created_at_ms, data
    FROM triggers WHERE id >= ${first}::bigint AND id < ${first}::bigint + ${n}::bigint ORDER BY id`
  return rows.map(toTrigger)
}

function toTrigger(row: Row & { id: number }): StoredTrigger {
  return {
    id: row.id,
    integration: row.integration,
    eventId: row.event_id,
    orderId: row.order_id,
    facilityId: row.facility_id,
    duplicate: row.duplicate,
    createdAtMs: row.created_at_ms,
    data: row.data,
  }
}
