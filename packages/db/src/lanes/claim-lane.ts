import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** `run` marks what this claim sends; `limit` is how many requests may be open at once. */
export type ClaimedLane = { run: number; limit: number; configVersion: number }

/**
 * Takes the lane for `worker` if nobody has it, something is due, it is not blocked and its subscription is
 * active. Undefined: nothing to do (now).
 */
export async function claimLane(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
): Promise<ClaimedLane | undefined> {
  const [row] = await sql<{ run: number; limit: number; version: number }[]>`
    UPDATE lanes l SET owner = ${worker}::int, runs = l.runs + 1
    FROM subscriptions s
    WHERE l.subscription = ${subscription}::int AND s.id = l.subscription AND s.state = 1 AND s.deleted_at IS NULL
      AND EXISTS (SELECT FROM workers WHERE id = ${worker}::int)
      AND l.owner IS NULL AND l.next_due_at <= now() AND (l.blocked_until IS NULL OR l.blocked_until <= now())
    RETURNING l.runs AS run, coalesce(l.limit_now, s.in_flight_limit)::int AS limit,
      (SELECT version FROM config) AS version`
  return row && { run: row.run, limit: row.limit, configVersion: row.version }
}

/**
 * Milliseconds until a lane that could not be claimed becomes due; undefined when nothing is due there, somebody
 * has it, or its subscription does not send. For wake-ups that came early: queue clocks are not the database's.
 */
export async function laneDueInMs(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
): Promise<number | undefined> {
  const [row] = await sql<{ ms: number }[]>`
    SELECT extract(epoch FROM greatest(l.next_due_at, l.blocked_until) - now())::float8 * 1000 AS ms
    FROM lanes l JOIN subscriptions s ON s.id = l.subscription
    WHERE l.subscription = ${subscription}::int AND l.owner IS NULL AND l.next_due_at IS NOT NULL
      AND s.state = 1 AND s.deleted_at IS NULL`
  return row && Math.max(0, row.ms)
}
