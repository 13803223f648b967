import type { TriggerId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'

/** What a log shows of its trigger; `data` is the JSON text as posted. */
export type LogTrigger = { id: TriggerId; facilityId: string | null; orderId: string | null; data: string }

/** These triggers, by id. The ids bound the partitions that are read. */
export async function readLogTriggers(
  sql: Sql,
  ids: readonly TriggerId[],
): Promise<Map<TriggerId, LogTrigger>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<LogTrigger[]>`
    SELECT id, facility_id AS "facilityId", order_id AS "orderId", data FROM triggers
    WHERE id = ANY(${[...ids]}::bigint[]) AND id >= ${Math.min(...ids)}::bigint AND id <= ${Math.max(...ids)}::bigint`
  return new Map(rows.map((row) => [row.id, row]))
}
