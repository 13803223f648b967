import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * What was sent and cannot be recorded counts as a death and is due again in `delayMs`: tried for ever it would be sent for
 * ever, and after its fifth it is set aside. Another run's mark is left alone.
 */
export async function setBack(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  delivery: DeliveryId,
  delayMs: number,
): Promise<void> {
  await sql`
    UPDATE due SET run = NULL, crashes = crashes + 1, due_at = now() + ${delayMs}::float8 * interval '1 millisecond'
    WHERE delivery = ${delivery}::bigint
      AND run = (SELECT runs FROM lanes WHERE subscription = ${subscription}::int)`
}
