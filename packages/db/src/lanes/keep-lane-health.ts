import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** What a turn has learnt about the endpoint behind a lane. */
export type LaneReport = {
  /** Answers in a row that say the endpoint is in trouble. */
  unwell: number
  /** How many requests may be open; null: the subscription's own limit. */
  limit: number | null
  /** How long nothing is to be sent at all, because the endpoint asked for it. */
  blockedForMs: number
  /** Whether something was delivered; with neither, the turn says nothing about that. */
  outcome: 'delivered' | 'failed' | 'nothing'
}

/** Keeps the report with a lane this worker owns. Returns for how long it has done nothing but fail, in ms. */
export async function keepLaneHealth(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
  { unwell, limit, blockedForMs, outcome }: LaneReport,
): Promise<number> {
  const [row] = await sql<{ ms: number | null }[]>`
    UPDATE lanes SET failures = ${unwell}::int, limit_now = ${limit}::smallint,
      blocked_until = CASE WHEN ${blockedForMs}::float8 > 0 THEN now() + ${blockedForMs}::float8 * interval '1 millisecond' END,
      failing_since = CASE ${outcome}::text WHEN 'delivered' THEN NULL WHEN 'failed' THEN coalesce(failing_since, now())
        ELSE failing_since END
    WHERE subscription = ${subscription}::int AND owner = ${worker}::int
    RETURNING extract(epoch FROM now() - failing_since)::float8 * 1000 AS ms`
  return row?.ms ?? 0
}

/**
 * Whether anything of the subscription was delivered in the last `ms` milliseconds, by a first attempt too: those do not
 * go through the lane.
 */
export async function hasDeliveredSince(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  ms: number,
): Promise<boolean> {
  const [row] = await sql<{ found: boolean }[]>`
    SELECT EXISTS (SELECT FROM deliveries
      WHERE subscription = ${subscription}::int AND status = 2
        AND last_sent_at > now() - ${ms}::float8 * interval '1 millisecond') AS found`
  return row?.found ?? false
}
