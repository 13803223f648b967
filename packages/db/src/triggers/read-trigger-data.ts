import type { TriggerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** The JSON text of each of these triggers as posted, by id. The ids bound the partitions that are read. */
export async function readTriggerData(
  sql: SqlOrTransaction,
  ids: readonly TriggerId[],
): Promise<Map<TriggerId, string>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<{ id: TriggerId; data: string }[]>`
    SELECT id, data FROM triggers
    WHERE id = ANY(${[...ids]}::bigint[]) AND id >= ${Math.min(...ids)}::bigint AND id <= ${Math.max(...ids)}::bigint`
  return new Map(rows.map(({ id, data }) => [id, data]))
}
