import type { DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * One page of due rows by delivery. Returns the deliveries whose due row does not fit them. `next` undefined: that was
 * the last page.
 */
export async function scanDue(
  sql: SqlOrTransaction,
  after: number,
  rows: number,
): Promise<{ next: number | undefined; suspects: DeliveryId[] }> {
  const page = await sql<{ delivery: DeliveryId; generation: number }[]>`
    SELECT delivery, generation FROM due WHERE delivery > ${after}::bigint ORDER BY delivery LIMIT ${rows}::int`
  const last = page.at(-1)?.delivery
  if (last === undefined) return { next: undefined, suspects: [] }
  const found = await sql<{ id: DeliveryId; generation: number }[]>`
    SELECT id, generation FROM deliveries
    WHERE id = ANY(${page.map((row) => row.delivery)}::bigint[]) AND id > ${after}::bigint AND id <= ${last}::bigint
      AND (status = 1 OR status = 3 AND err IS NULL)`
  const generations = new Map(found.map((row) => [row.id, row.generation]))
  return {
    next: page.length === rows ? last : undefined,
    suspects: page
      .filter((row) => generations.get(row.delivery) !== row.generation)
      .map((row) => row.delivery),
  }
}
