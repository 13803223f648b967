import type { WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Whether the worker is the one that joined first of those heard from within `seenWithinMs`: work that one worker should
 * do for all is its. It passes on with that worker's silence, and no connection has to hold a lock for it.
 */
export async function isEldestWorker(
  sql: SqlOrTransaction,
  worker: WorkerId,
  seenWithinMs: number,
): Promise<boolean> {
  const [row] = await sql<{ eldest: WorkerId }[]>`
    SELECT id AS eldest FROM workers
    WHERE seen_at > clock_timestamp() - ${seenWithinMs}::float8 * interval '1 millisecond'
    ORDER BY started_at, id LIMIT 1`
  return row?.eldest === worker
}
