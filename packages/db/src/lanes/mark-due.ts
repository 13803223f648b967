import type { DeliveryId, SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** A due row that carries this run's mark. `died`: it carried the mark of an older run, whose worker died. */
export type MarkedRow = {
  delivery: DeliveryId
  step: number
  generation: number
  crashes: number
  expired: boolean
  /** The end of its horizon, pauses included. */
  expiresAtMs: number
  died: boolean
}

/** Retries have failed before; firsts have not been sent yet. */
export type DueKind = 'all' | 'retries' | 'firsts'

/** `suspects`: only those that crashed often enough to be sent alone, else only the others. */
export type DueWanted = { limit: number; suspects: boolean; which: DueKind }

/** Deliveries whose worker died this often are sent with nothing else open in their lane. */
const aloneAfterCrashes = 2

/** Of a due row: it must be sent alone. A mark of a run before is a death nobody has counted yet. */
export const isSuspect = (sql: SqlOrTransaction) =>
  sql`crashes > 0 AND crashes + (run IS NOT NULL)::int >= ${aloneAfterCrashes}`

/** Marks up to `limit` due rows of a lane that the run still owns, the longest due first. */
export async function markDue(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
  run: number,
  { limit, suspects, which }: DueWanted,
): Promise<MarkedRow[]> {
  const nature = suspects ? isSuspect(sql) : sql`NOT (${isSuspect(sql)})`
  const kind = { all: sql``, retries: sql`AND step > 0`, firsts: sql`AND step = 0` }[which]
  const rows = await sql<MarkedRow[]>`
    WITH candidate AS (
      SELECT delivery, run AS old_run, crashes + (run IS NOT NULL)::int AS crashes
      FROM due
      WHERE subscription = ${subscription}::int AND due_at <= now() AND run IS DISTINCT FROM ${run}::int
        AND EXISTS (SELECT FROM lanes WHERE subscription = ${subscription}::int AND owner = ${worker}::int
          AND runs = ${run}::int)
        AND ${nature} ${kind}
      ORDER BY due_at, delivery LIMIT ${limit}::int FOR UPDATE
    ),
    marked AS (
      UPDATE due SET run = ${run}::int, crashes = c.crashes
      FROM candidate c WHERE due.delivery = c.delivery
      RETURNING due.delivery, due.step, due.generation, due.crashes, due.expires_at, c.old_run
    )
    SELECT m.delivery, m.step, m.generation, m.crashes, m.old_run IS NOT NULL AS died,
      m.expires_at + s.paused_ms * interval '1 millisecond' <= now() AS expired,
      extract(epoch FROM m.expires_at)::float8 * 1000 + s.paused_ms AS "expiresAtMs"
    FROM marked m, subscriptions s WHERE s.id = ${subscription}::int`
  return [...rows]
}
