import type { DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** How one attempt ended. */
export type AttemptOutcome = { n: number; sentAt: Date | null; code: number | null; err: string | null }

/** One attempt of a delivery by its number, without what was answered. */
export async function findAttempt(
  sql: SqlOrTransaction,
  delivery: DeliveryId,
  n: number,
): Promise<AttemptOutcome | undefined> {
  const [row] = await sql<AttemptOutcome[]>`
    SELECT n, sent_at AS "sentAt", code, err FROM attempts
    WHERE delivery = ${delivery}::bigint AND n = ${n}::smallint`
  return row
}
