import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { AuditWindow } from './read-audit-window.ts'

/** Deliveries of one subscription and status that may wait: pending or failed. */
export type WaitingKind = { subscription: SubscriptionId; status: number }

/**
 * Of the `limit` subscriptions after `after`: those that have pending or failed deliveries in the window. `next` undefined:
 * these were the last.
 */
export async function listWaitingKinds(
  sql: SqlOrTransaction,
  { from, to }: AuditWindow,
  after: number,
  limit: number,
): Promise<{ next: SubscriptionId | undefined; kinds: WaitingKind[] }> {
  const page = await sql<{ id: SubscriptionId }[]>`
    SELECT id FROM subscriptions WHERE id > ${after}::int ORDER BY id LIMIT ${limit}::int`
  const last = page.at(-1)?.id
  if (last === undefined) return { next: undefined, kinds: [] }
  // Grouped, not EXISTS for each: planners like to look for one row by reading the whole table.
  const kinds = await sql<WaitingKind[]>`
    SELECT subscription, status FROM deliveries
    WHERE status <> 2 AND status IN (1, 3) AND subscription > ${after}::int AND subscription <= ${last}::int
      AND id >= ${from}::bigint AND id < ${to}::bigint
    GROUP BY subscription, status ORDER BY subscription, status`
  return { next: page.length === limit ? last : undefined, kinds: [...kinds] }
}

/**
 * One page of such deliveries from id `from` on, read through the index that holds only what is not delivered: cheap where
 * nearly everything is. Returns those that should have a due row and have none. `next` undefined: that was the last page.
 */
export async function scanUndelivered(
  sql: SqlOrTransaction,
  { from, to }: AuditWindow,
  { subscription, status }: WaitingKind,
  rows: number,
): Promise<{ next: number | undefined; suspects: DeliveryId[] }> {
  const page = await sql<{ id: DeliveryId; waits: boolean }[]>`
    SELECT id, (status = 1 OR err IS NULL) AS waits FROM deliveries
    WHERE subscription = ${subscription}::int AND status = ${status}::smallint AND status <> 2
      AND id >= ${from}::bigint AND id < ${to}::bigint
    ORDER BY id LIMIT ${rows}::int`
  const waiting = page.filter((row) => row.waits).map((row) => row.id)
  const last = page.at(-1)
  const next = page.length === rows && last ? last.id + 1 : undefined
  if (waiting.length === 0) return { next, suspects: [] }
  const found = await sql<{ delivery: DeliveryId }[]>`
    SELECT delivery FROM due WHERE delivery = ANY(${waiting}::bigint[])`
  const due = new Set(found.map((row) => row.delivery))
  return { next, suspects: waiting.filter((id) => !due.has(id)) }
}
