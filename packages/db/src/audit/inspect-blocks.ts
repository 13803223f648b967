import type { DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { Violation } from './violation.ts'

/** A violation that stands for `missing` deliveries. */
export type MissingDeliveries = Violation & { missing: number }

/**
 * A plan's deliveries have consecutive ids from the start of a block, and its batch goes with the last of them: a gap
 * without an open batch is a delivery that was planned and never recorded. `blocks` are first ids. One statement, so
 * that batch and deliveries are seen at one moment.
 */
export async function inspectBlocks(
  sql: SqlOrTransaction,
  blocks: readonly DeliveryId[],
): Promise<MissingDeliveries[]> {
  const found: MissingDeliveries[] = []
  // One by one: each is a range of ids, which prunes as a parameter and not as a join.
  for (const block of blocks) {
    const [row] = await sql<{ n: number; highest: number | null; open: boolean }[]>`
      SELECT count(*)::int AS n, max(id) AS highest,
        EXISTS (SELECT FROM batches WHERE base = ${block}::bigint) AS open
      FROM deliveries WHERE id >= ${block}::bigint AND id < ${block}::bigint + 1000`
    if (!row || row.open || row.highest === null) continue
    const missing = row.highest - block + 1 - row.n
    if (missing === 0) continue
    const detail = `${missing} of at least ${row.n + missing} planned deliveries`
    found.push({
      kind: 'planned_but_missing',
      subject: 'block',
      id: block,
      subscription: null,
      detail,
      missing,
    })
  }
  return found
}
