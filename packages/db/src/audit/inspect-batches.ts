import type { BatchId, TriggerId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { maxSuspects } from './scan-deliveries.ts'
import type { Violation } from './violation.ts'

type Row = {
  id: BatchId
  firstTrigger: TriggerId
  n: number
  owner: WorkerId | null
  runs: number
}

/** Batches that nobody will work on: set aside, or in the hands of a worker that is none. */
export async function inspectBatches(sql: SqlOrTransaction): Promise<Violation[]> {
  const rows = await sql<Row[]>`
    SELECT id, first_trigger AS "firstTrigger", n, CASE WHEN quarantined_at IS NULL THEN owner END AS owner, runs
    FROM batches b
    WHERE quarantined_at IS NOT NULL OR owner IS NOT NULL AND NOT EXISTS (SELECT FROM workers w WHERE w.id = b.owner)
    ORDER BY id LIMIT ${maxSuspects}::int`
  return rows.map(({ id, firstTrigger, n, owner, runs }) => ({
    kind: owner === null ? 'batch_quarantined' : 'batch_of_nobody',
    subject: 'batch',
    id,
    subscription: null,
    detail: `triggers ${firstTrigger} to ${firstTrigger + n - 1}, run ${runs}${owner === null ? '' : `, worker ${owner}`}`,
  }))
}

/** What open batches hold: accepted, and either to be planned or to be recorded. */
export type OpenBatches = {
  batches: number
  /** Triggers not yet matched. */
  unplanned: number
  /** Deliveries planned and not yet recorded. */
  sending: number
  oldestSeconds: number
}

export async function countOpenBatches(sql: SqlOrTransaction): Promise<OpenBatches> {
  const [row] = await sql<OpenBatches[]>`
    SELECT count(*)::int AS batches, coalesce(sum(n) FILTER (WHERE plan IS NULL), 0)::float8 AS unplanned,
      coalesce(sum(cardinality(plan) / 4 - (SELECT count(*) FROM deliveries d
        WHERE d.id >= b.base AND d.id < b.base + cardinality(b.plan) / 4)) FILTER (WHERE plan IS NOT NULL), 0)::float8
        AS sending,
      coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 AS "oldestSeconds"
    FROM batches b`
  return row ?? { batches: 0, unplanned: 0, sending: 0, oldestSeconds: 0 }
}
