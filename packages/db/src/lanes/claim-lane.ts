import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { isSuspect } from './mark-due.ts'

/** `run` marks what this claim sends; `limit` is how many requests the subscription lets be open at once. */
export type ClaimedLane = {
  run: number
  limit: number
  /** Something due must be sent alone. */
  hasSuspects: boolean
  /** What earlier turns kept; see keep-lane-health.ts. `isFailing`: nothing was delivered of late. */
  health: { unwell: number; limit: number | null; isFailing: boolean }
  configVersion: number
}

/**
 * Takes the lane for `worker` if nobody has it, something is due, it is not blocked and its subscription is
 * active. Undefined: nothing to do (now).
 */
export async function claimLane(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
): Promise<ClaimedLane | undefined> {
  const [row] = await sql<
    {
      run: number
      limit: number
      hasSuspects: boolean
      limitNow: number | null
      unwell: number
      isFailing: boolean
      version: number
    }[]
  >`
    UPDATE lanes l SET owner = ${worker}::int, runs = l.runs + 1
    FROM subscriptions s
    WHERE l.subscription = ${subscription}::int AND s.id = l.subscription AND s.state = 1 AND s.deleted_at IS NULL
      AND EXISTS (SELECT FROM workers WHERE id = ${worker}::int)
      AND l.owner IS NULL AND l.next_due_at <= now() AND (l.blocked_until IS NULL OR l.blocked_until <= now())
    RETURNING l.runs AS run, s.in_flight_limit AS limit, l.limit_now AS "limitNow", l.failures AS unwell,
      l.failing_since IS NOT NULL AS "isFailing",
      EXISTS (SELECT FROM due WHERE due.subscription = l.subscription AND due_at <= now() AND ${isSuspect(sql)})
        AS "hasSuspects",
      (SELECT version FROM config) AS version`
  if (!row) return undefined
  const { run, limit, hasSuspects, limitNow, unwell, isFailing, version } = row
  return { run, limit, hasSuspects, health: { unwell, limit: limitNow, isFailing }, configVersion: version }
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
