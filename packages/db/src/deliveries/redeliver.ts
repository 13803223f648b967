import type { DeliveryId, IntegrationId, SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

export type Redelivered = { delivery: DeliveryId; subscription: SubscriptionId; generation: number }

/**
 * Sends a delivery again from the start of its schedule: next generation, pending, due now, a fresh horizon; its
 * attempts stay. A delivery that is being sent right now keeps its mark and is due again once that send is
 * recorded. Undefined: the integration has no such delivery, or it is so old that it may go any moment (the lock on the
 * floor is what retention waits for). The subscription's state is the caller's to check.
 */
export async function redeliver(
  sql: SqlOrTransaction,
  integration: IntegrationId,
  delivery: DeliveryId,
): Promise<Redelivered | undefined> {
  const [row] = await sql<Redelivered[]>`
    WITH kept AS MATERIALIZED (
      SELECT floor FROM retention FOR SHARE
    ),
    again AS (
      UPDATE deliveries SET generation = generation + 1, status = 1, err = NULL
      FROM kept
      WHERE id = ${delivery}::bigint AND integration = ${integration}::int AND id >= kept.floor
      RETURNING id, subscription, generation
    ),
    made_due AS (
      INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
      SELECT a.id, a.subscription, now(), now() + s.horizon_seconds * interval '1 second'
          - s.paused_ms * interval '1 millisecond' - coalesce(now() - s.paused_at, interval '0'), 0, a.generation
      FROM again a JOIN subscriptions s ON s.id = a.subscription
      ON CONFLICT (delivery) DO UPDATE SET due_at = excluded.due_at, expires_at = excluded.expires_at, step = 0,
        generation = excluded.generation, crashes = 0
    ),
    woken AS (
      INSERT INTO lanes (subscription, next_due_at) SELECT subscription, now() FROM again
      ON CONFLICT (subscription) DO UPDATE SET next_due_at = least(lanes.next_due_at, excluded.next_due_at)
    )
    SELECT id AS delivery, subscription, generation FROM again`
  return row
}
