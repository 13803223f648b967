import type { SqlOrTransaction } from '../open-database.ts'
import { retryDeadlocks } from '../pg-error.ts'
import type { MarkedRow } from './mark-due.ts'
import { settleUnsent } from './settle-unsent.ts'

/**
 * Ends what is due and cannot be sent, because the database lost its trigger or the delivery itself: it went back behind
 * them (a standby took over, a copy was restored) while a worker held their outcome. Left alone they would be due for ever.
 */
export async function settleLost(sql: SqlOrTransaction, lost: readonly MarkedRow[]): Promise<void> {
  await retryDeadlocks(() => settleUnsent(sql, lost, 'quarantined', 'delivery_quarantined'))
  await retryDeadlocks(
    () => sql`
      DELETE FROM due USING unnest(${lost.map((row) => row.delivery)}::bigint[], ${lost.map((row) => row.generation)}::int[])
        AS l(delivery, generation)
      WHERE due.delivery = l.delivery AND due.generation = l.generation
        AND NOT EXISTS (SELECT FROM deliveries d WHERE d.id = l.delivery)`,
  )
}
