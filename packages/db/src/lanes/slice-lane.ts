import type { DeliveryId, SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { toTrigger, triggerColumns, type StoredTrigger, type TriggerRow } from '../triggers/stored-trigger.ts'

/** A due delivery that this run has marked and may send now. `attempts` counts those already made. */
export type SlicedDelivery = {
  delivery: DeliveryId
  subscription: SubscriptionId
  revision: number
  profile: number
  generation: number
  attempts: number
  step: number
  crashes: number
  expired: boolean
  /** The end of its horizon, pauses included. */
  expiresAtMs: number
  trigger: StoredTrigger
}

/** Deliveries whose worker died this often are sent with nothing else open in their lane. */
const aloneAfterCrashes = 2

type Row = TriggerRow & {
  delivery: DeliveryId
  subscription: SubscriptionId
  revision: number
  profile: number
  generation: number
  attempts: number
  step: number
  crashes: number
  expired: boolean
  expires_at_ms: number
}

/**
 * Marks up to `limit` due deliveries of the lane with `run` and returns them. A mark left by an older run means
 * that its worker died between sending and recording: an attempt 'unknown' is written and `crashes` grows, while
 * the schedule's step stays. With `suspects` only those are taken that crashed often enough to be sent alone;
 * without it only the others. A run that no longer owns the lane gets nothing.
 */
export async function sliceLane(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
  run: number,
  limit: number,
  suspects: boolean,
): Promise<SlicedDelivery[]> {
  const rows = await sql<Row[]>`
    WITH candidate AS (
      SELECT delivery, run AS old_run, crashes + (run IS NOT NULL)::int AS crashes
      FROM due
      WHERE subscription = ${subscription}::int AND due_at <= now() AND run IS DISTINCT FROM ${run}::int
        AND EXISTS (SELECT FROM lanes WHERE subscription = ${subscription}::int AND owner = ${worker}::int
          AND runs = ${run}::int)
        AND (crashes + (run IS NOT NULL)::int >= ${aloneAfterCrashes}) = ${suspects}::boolean
      ORDER BY due_at, delivery LIMIT ${limit}::int FOR UPDATE
    ),
    marked AS (
      UPDATE due SET run = ${run}::int, crashes = c.crashes
      FROM candidate c WHERE due.delivery = c.delivery
      RETURNING due.delivery, due.step, due.generation, due.crashes, due.expires_at, c.old_run
    ),
    died AS (
      UPDATE deliveries d SET attempts = d.attempts + 1
      FROM marked m WHERE d.id = m.delivery AND m.old_run IS NOT NULL
      RETURNING d.id, d.attempts, d.revision, m.generation
    ),
    unknown AS (
      INSERT INTO attempts (delivery, n, generation, revision, err)
      SELECT id, attempts, generation, revision, 'unknown' FROM died
    )
    SELECT m.delivery, m.step, m.generation, m.crashes,
      m.expires_at + s.paused_ms * interval '1 millisecond' <= now() AS expired,
      extract(epoch FROM m.expires_at)::float8 * 1000 + s.paused_ms AS expires_at_ms,
      d.subscription, d.revision, d.profile, d.attempts + (m.old_run IS NOT NULL)::int AS attempts,
      ${triggerColumns(sql)}
    FROM marked m JOIN deliveries d ON d.id = m.delivery JOIN triggers t ON t.id = d.trigger
      JOIN subscriptions s ON s.id = d.subscription
    ORDER BY m.delivery`
  return rows.map(toSliced)
}

function toSliced(row: Row): SlicedDelivery {
  return {
    delivery: row.delivery,
    subscription: row.subscription,
    revision: row.revision,
    profile: row.profile,
    generation: row.generation,
    attempts: row.attempts,
    step: row.step,
    crashes: row.crashes,
    expired: row.expired,
    expiresAtMs: row.expires_at_ms,
    trigger: toTrigger(row),
  }
}

/** Takes back the marks a run has left in its lane, of deliveries that were not sent after all. */
export async function unmarkRun(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  run: number,
): Promise<void> {
  await sql`UPDATE due SET run = NULL WHERE subscription = ${subscription}::int AND run = ${run}::int`
}
