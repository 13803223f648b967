import type { BatchId, DeliveryId, SubscriptionId } from '@waybill/domain'
import { batchFormat } from '../batches/claim-batch.ts'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Batches nobody owns, of a format this code understands, that are older than `olderThanMs`, oldest first; either the bulk
 * ones or the others.
 */
export async function findForgottenBatches(
  sql: SqlOrTransaction,
  olderThanMs: number,
  limit: number,
  bulk: boolean,
): Promise<BatchId[]> {
  const rows = await sql<{ id: BatchId }[]>`
    SELECT id FROM batches
    WHERE owner IS NULL AND quarantined_at IS NULL AND bulk = ${bulk}::boolean AND v <= ${batchFormat}::int
      AND created_at < now() - ${olderThanMs}::float8 * interval '1 millisecond'
    ORDER BY id LIMIT ${limit}::int`
  return rows.map((row) => row.id)
}

/** Lanes nobody owns that have been due for `overdueMs` and may send, longest due first. */
export async function findForgottenLanes(
  sql: SqlOrTransaction,
  overdueMs: number,
  limit: number,
): Promise<SubscriptionId[]> {
  const rows = await sql<{ subscription: SubscriptionId }[]>`
    SELECT l.subscription FROM lanes l JOIN subscriptions s ON s.id = l.subscription
    WHERE l.owner IS NULL AND l.next_due_at < now() - ${overdueMs}::float8 * interval '1 millisecond'
      AND (l.blocked_until IS NULL OR l.blocked_until <= now()) AND s.state = 1 AND s.deleted_at IS NULL
    ORDER BY l.next_due_at LIMIT ${limit}::int`
  return rows.map((row) => row.subscription)
}

export type Hopeless = {
  delivery: DeliveryId
  subscription: SubscriptionId
  generation: number
  reason: 'expired' | 'subscription_deleted'
}

/**
 * Due deliveries that no lane will send: past their horizon where the subscription does not send, or of a deleted
 * subscription. Paused subscriptions keep theirs.
 */
export async function findHopeless(sql: SqlOrTransaction, limit: number): Promise<Hopeless[]> {
  const rows = await sql<Hopeless[]>`
    SELECT u.delivery, u.subscription, u.generation,
      CASE WHEN s.deleted_at IS NOT NULL THEN 'subscription_deleted' ELSE 'expired' END AS reason
    FROM subscriptions s JOIN lanes l ON l.subscription = s.id JOIN due u ON u.subscription = s.id
    WHERE l.owner IS NULL AND l.next_due_at IS NOT NULL
      AND (s.deleted_at IS NOT NULL OR (s.state = 3 AND u.expires_at + s.paused_ms * interval '1 millisecond' <= now()))
    LIMIT ${limit}::int`
  return [...rows]
}
