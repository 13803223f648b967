import type { DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { AuditWindow } from './read-audit-window.ts'

/** How many deliveries have a status; `retrying` counts those that failed and are to be tried again. */
export type StatusCount = { status: number; retrying: boolean; n: number }

export type ScannedDeliveries = {
  /** Where the next page begins; `to` of the window when this was the last. */
  next: number
  counts: StatusCount[]
  /** Deliveries that look wrong, to be looked at one by one. At most {@link maxSuspects}. */
  suspects: DeliveryId[]
  /** First ids of plans that look as if a delivery of them was never recorded. At most {@link maxSuspects}. */
  blocks: DeliveryId[]
}

/** A page that has more suspects than this says enough with so many. */
export const maxSuspects = 500

/**
 * One page of deliveries by id: counted, and searched for what looks wrong. Every statement is bounded by the page's ids
 * on all tables, so that only their partitions are touched.
 */
export async function scanDeliveries(
  sql: SqlOrTransaction,
  { from, to }: AuditWindow,
  rows: number,
): Promise<ScannedDeliveries> {
  const [page] = await sql<{ n: number; last: number | null }[]>`
    SELECT count(*)::int AS n, max(id) AS last FROM (
      SELECT id FROM deliveries WHERE id >= ${from}::bigint AND id < ${to}::bigint ORDER BY id LIMIT ${rows}::int) p`
  // Plans have at most 500 deliveries in a block of 1,000 ids, so a full page of more leaves whole blocks behind it.
  const next = page && page.n === rows && page.last !== null ? Math.floor(page.last / 1_000) * 1_000 : to
  if (next <= from) throw new RangeError('a page must be longer than a block')
  if (!page || page.n === 0) return { next: to, counts: [], suspects: [], blocks: [] }
  const counts = await sql<StatusCount[]>`
    SELECT status, status = 3 AND err IS NULL AS retrying, count(*)::int AS n FROM deliveries
    WHERE id >= ${from}::bigint AND id < ${next}::bigint GROUP BY 1, 2`
  const suspects = await sql<{ id: DeliveryId }[]>`
    SELECT d.id FROM deliveries d
    LEFT JOIN due u ON u.delivery = d.id AND u.delivery >= ${from}::bigint AND u.delivery < ${next}::bigint
    LEFT JOIN (
      SELECT delivery, count(*) AS n FROM attempts
      WHERE delivery >= ${from}::bigint AND delivery < ${next}::bigint GROUP BY delivery
    ) a ON a.delivery = d.id
    WHERE d.id >= ${from}::bigint AND d.id < ${next}::bigint
      AND (d.attempts <> coalesce(a.n, 0)
        OR u.delivery IS NULL AND (d.status = 1 OR d.status = 3 AND d.err IS NULL))
    LIMIT ${maxSuspects}::int`
  const blocks = await sql<{ block: DeliveryId }[]>`
    SELECT min(id) - min(id) % 1000 AS block FROM deliveries
    WHERE id >= ${from}::bigint AND id < ${next}::bigint
    GROUP BY id / 1000 HAVING count(*) <> max(id) % 1000 + 1 LIMIT ${maxSuspects}::int`
  return {
    next,
    counts: [...counts],
    suspects: suspects.map((row) => row.id),
    blocks: blocks.map((row) => row.block),
  }
}
