import type { SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Why a delivery with a due row is not being sent at this moment. */
export const waitReasons = [
  'scheduled',
  'being_sent',
  'blocked',
  'paused',
  'inactive',
  'subscription_deleted',
  'ready',
] as const
export type WaitReason = (typeof waitReasons)[number]

/** `oldestSeconds`: how long the one that waits longest is due; 0 where none is. */
export type Waiting = { subscription: SubscriptionId; why: WaitReason; n: number; oldestSeconds: number }

/**
 * What waits in the lanes of the `limit` subscriptions after `after`, by why. `ready` means that any worker may send it
 * now. `next` undefined: those were the last.
 */
export async function countWaiting(
  sql: SqlOrTransaction,
  after: number,
  limit: number,
): Promise<{ next: SubscriptionId | undefined; waiting: Waiting[] }> {
  const page = await sql<{ id: SubscriptionId }[]>`
    SELECT id FROM subscriptions WHERE id > ${after}::int ORDER BY id LIMIT ${limit}::int`
  const last = page.at(-1)?.id
  if (last === undefined) return { next: undefined, waiting: [] }
  const waiting = await sql<Waiting[]>`
    SELECT u.subscription, CASE WHEN s.deleted_at IS NOT NULL THEN 'subscription_deleted' WHEN s.state = 2 THEN 'paused'
        WHEN s.state = 3 THEN 'inactive' WHEN u.due_at > now() THEN 'scheduled' WHEN l.owner IS NOT NULL THEN 'being_sent'
        WHEN l.blocked_until > now() THEN 'blocked' ELSE 'ready' END AS why,
      count(*)::int AS n, greatest(extract(epoch FROM now() - min(u.due_at)), 0)::float8 AS "oldestSeconds"
    FROM due u JOIN subscriptions s ON s.id = u.subscription LEFT JOIN lanes l ON l.subscription = u.subscription
    WHERE u.subscription > ${after}::int AND u.subscription <= ${last}::int
    GROUP BY 1, 2 ORDER BY 1, 2`
  return { next: page.length === limit ? last : undefined, waiting: [...waiting] }
}
