import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { retryDeadlocks } from '../pg-error.ts'
import type { LargeTrigger, StoredTrigger } from '../triggers/stored-trigger.ts'
import { markDue, type DueWanted, type MarkedRow } from './mark-due.ts'
import { readMarked } from './read-marked.ts'
import { recordDeaths } from './record-deaths.ts'
import { settleLost } from './settle-lost.ts'

/**
 * A due delivery that this run has marked and may send now. `profile` is the code of the one it was planned with;
 * `attempts` counts those already made.
 */
export type SlicedDelivery = Omit<MarkedRow, 'died'> & {
  subscription: SubscriptionId
  revision: number
  profile: number
  attempts: number
  /** Without data that is large: a slice may be held for long before its turn comes. */
  trigger: StoredTrigger | LargeTrigger
}

/**
 * Marks up to `limit` due deliveries of the lane with `run` and returns them; see DueWanted. A mark left by an older run means
 * that its worker died between sending and recording: an attempt 'unknown' is written and `crashes` grows, while
 * the schedule's step stays. With `suspects` only those are taken that crashed often enough to be sent alone;
 * without it only the others. A run that no longer owns the lane gets nothing.
 *
 * Several statements, because the marks tell the bounds within which deliveries, and these within which triggers
 * lie: one statement for all would look into every partition. One that loses a deadlock is repeated by itself, for what is
 * marked is not marked again. If a later one fails, the caller takes the run's marks
 * back; a worker that dies between marking and noting a death leaves that one death counted but not shown.
 */
export async function sliceLane(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId,
  run: number,
  wanted: DueWanted,
): Promise<SlicedDelivery[]> {
  const marked = await retryDeadlocks(() => markDue(sql, subscription, worker, run, wanted))
  if (marked.length === 0) return []
  const died = marked.filter((row) => row.died)
  if (died.length > 0) await retryDeadlocks(() => recordDeaths(sql, died))
  const sliced = await readMarked(sql, subscription, marked)
  if (sliced.length < marked.length) {
    const readable = new Set(sliced.map((row) => row.delivery))
    await settleLost(
      sql,
      marked.filter((row) => !readable.has(row.delivery)),
    )
  }
  return sliced
}

/** Takes back the marks a run has left in its lane, of deliveries that were not sent after all. */
export async function unmarkRun(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  run: number,
): Promise<void> {
  await sql`UPDATE due SET run = NULL WHERE subscription = ${subscription}::int AND run = ${run}::int`
}
