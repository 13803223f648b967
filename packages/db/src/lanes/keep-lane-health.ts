import { eq } from 'drizzle-orm'
import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { OrmOrTransaction, SqlOrTransaction } from '../open-database.ts'
import { lanes } from '../schema/index.ts'

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

/** Attempts are looked at in so many parts of the time in question. */
const parts = 5
/** Failures in so many of these parts are many, not one bad hour. */
const partsToTell = 3
/** The newest deliveries of a subscription that are looked at. */
const mostDeliveries = 2_000

/**
 * Whether a subscription has done nothing but fail in the last `ms` milliseconds: nothing was delivered, by a first attempt
 * either, which does not go through the lane; and it was tried again and again, not once after a long silence.
 */
export async function hasOnlyFailed(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  ms: number,
): Promise<boolean> {
  const [row] = await sql<{ delivered: number; parts: number }[]>`
    WITH lately AS MATERIALIZED (
      SELECT id, status, last_sent_at FROM deliveries
      WHERE subscription = ${subscription}::int
        AND id >= (((now() - ${ms}::float8 * interval '1 millisecond') AT TIME ZONE 'UTC')::date - date '2020-01-01' - 30)
          ::bigint * 100000000000
      ORDER BY id DESC LIMIT ${mostDeliveries}::int
    )
    SELECT (SELECT count(*)::int FROM lately
        WHERE status = 2 AND last_sent_at > now() - ${ms}::float8 * interval '1 millisecond') AS delivered,
      (SELECT count(DISTINCT floor(extract(epoch FROM now() - a.sent_at) * 1000 * ${parts}::int / ${ms}::float8))::int
        FROM lately JOIN attempts a ON a.delivery = lately.id AND a.delivery >= (SELECT min(id) FROM lately)
        WHERE a.sent_at > now() - ${ms}::float8 * interval '1 millisecond') AS parts`
  return row !== undefined && row.delivered === 0 && row.parts >= partsToTell
}

/** What was learnt about an endpoint says nothing about another URL, nor about one that a person has put right. */
export async function forgetLaneHealth(tx: OrmOrTransaction, subscription: SubscriptionId): Promise<void> {
  await tx
    .update(lanes)
    .set({ failures: 0, limitNow: null, blockedUntil: null, failingSince: null })
    .where(eq(lanes.subscription, subscription))
}
