import type { SqlOrTransaction } from '../open-database.ts'
import { retryDeadlocks } from '../pg-error.ts'
import type { MarkedRow } from './mark-due.ts'
import { settleUnsent } from './settle-unsent.ts'

/**
 * Ends what is due and cannot be sent, because the database lost its trigger or the delivery itself: it went back behind
 * them (a standby took over, a copy was restored) while a worker held their outcome, or because a person ignored it while it
 * was sent and its worker died. Left alone they would be due for ever.
 */
export async function settleLost(sql: SqlOrTransaction, lost: readonly MarkedRow[]): Promise<void> {
  await retryDeadlocks(() => settleUnsent(sql, lost, 'quarantined', 'delivery_quarantined'))
  // What was redelivered after it was marked is sent with its new generation.
  await retryDeadlocks(
    () => sql`
      UPDATE due SET run = NULL
      FROM unnest(${lost.map((row) => row.delivery)}::bigint[], ${lost.map((row) => row.generation)}::int[])
        AS l(delivery, generation)
      WHERE due.delivery = l.delivery AND due.generation > l.generation`,
  )
}
