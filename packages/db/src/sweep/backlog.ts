import type { SqlOrTransaction } from '../open-database.ts'

/** What waits, for the gauges. Ages in seconds, 0 when nothing waits. */
export type Backlog = {
  unclaimedBatches: number
  oldestUnclaimedSeconds: number
  dueNow: number
  oldestDueSeconds: number
  quarantinedBatches: number
}

export async function readBacklog(sql: SqlOrTransaction): Promise<Backlog> {
  const [row] = await sql<Backlog[]>`
    SELECT b.*, l.* FROM (
      SELECT count(*) FILTER (WHERE owner IS NULL AND quarantined_at IS NULL)::int AS "unclaimedBatches",
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE owner IS NULL AND quarantined_at IS NULL)),
          0)::float8 AS "oldestUnclaimedSeconds",
        count(*) FILTER (WHERE quarantined_at IS NOT NULL)::int AS "quarantinedBatches"
      FROM batches
    ) b, (
      SELECT count(*) FILTER (WHERE next_due_at <= now())::int AS "dueNow",
        coalesce(greatest(extract(epoch FROM now() - min(next_due_at)), 0), 0)::float8 AS "oldestDueSeconds"
      FROM lanes WHERE next_due_at IS NOT NULL
    ) l`
  if (!row) throw new Error('the backlog could not be read')
  return row
}
