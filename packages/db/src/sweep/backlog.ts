import type { SqlOrTransaction } from '../open-database.ts'

/** What waits, for the gauges. Ages in seconds, 0 when nothing waits. */
export type Backlog = {
  unclaimedBatches: number
  oldestUnclaimedSeconds: number
  dueNow: number
  oldestDueSeconds: number
  quarantinedBatches: number
}

/** Seconds without a heartbeat after which a worker's batches count as unclaimed, though nobody may take them yet. */
const silentSeconds = 15

/** Lanes of subscriptions that do not send (paused, inactive, deleted) wait for a person and do not count. */
export async function readBacklog(sql: SqlOrTransaction): Promise<Backlog> {
  const [row] = await sql<Backlog[]>`
    SELECT b.*, l.* FROM (
      SELECT count(*) FILTER (WHERE unclaimed)::int AS "unclaimedBatches",
        coalesce(extract(epoch FROM now() - min(created_at) FILTER (WHERE unclaimed)), 0)::float8
          AS "oldestUnclaimedSeconds",
        count(*) FILTER (WHERE quarantined_at IS NOT NULL)::int AS "quarantinedBatches"
      FROM (
        SELECT b.created_at, b.quarantined_at, b.quarantined_at IS NULL
          AND coalesce(w.seen_at < now() - ${silentSeconds}::int * interval '1 second', true) AS unclaimed
        FROM batches b LEFT JOIN workers w ON w.id = b.owner
      ) AS open
    ) b, (
      SELECT count(*) FILTER (WHERE next_due_at <= now())::int AS "dueNow",
        coalesce(greatest(extract(epoch FROM now() - min(next_due_at)), 0), 0)::float8 AS "oldestDueSeconds"
      FROM lanes JOIN subscriptions s ON s.id = lanes.subscription
      WHERE next_due_at IS NOT NULL AND s.state = 1 AND s.deleted_at IS NULL
    ) l`
  if (!row) throw new Error('the backlog could not be read')
  return row
}
