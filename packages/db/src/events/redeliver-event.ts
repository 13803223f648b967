import type { DeliveryId, IntegrationId } from '@waybill/domain'
import { redeliver, type Redelivered } from '../deliveries/redeliver.ts'
import type { Sql } from '../open-database.ts'
import { retryDeadlocks } from '../pg-error.ts'

/** {@link redeliver} with an audit line, in one transaction. Undefined: the integration has no such delivery. */
export async function redeliverEvent(
  sql: Sql,
  actor: string,
  integration: IntegrationId,
  delivery: DeliveryId,
): Promise<Redelivered | undefined> {
  return retryDeadlocks(() =>
    sql.begin(async (tx) => {
      const again = await redeliver(tx, integration, delivery)
      if (again)
        await tx`
        INSERT INTO audit_log (actor, integration, action, target, details)
        VALUES (${actor}::text, ${integration}::int, 'delivery.redelivered', ${String(delivery)}::text,
          jsonb_build_object('subscription', ${again.subscription}::int))`
      return again
    }),
  )
}
