import type { SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Frees a lane this worker owns; with null, a lane nobody owns is only told anew what is due in it. Returns the milliseconds until its next delivery is due (0: now), or undefined
 * when none is left or the lane was not this worker's.
 */
export async function releaseLane(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  worker: WorkerId | null,
): Promise<number | undefined> {
  const [row] = await sql<{ ms: number | null }[]>`
    SELECT extract(epoch FROM release_lane(${subscription}::int, ${worker}::int) - now())::float8 * 1000 AS ms`
  return row?.ms === null || row === undefined ? undefined : Math.max(0, row.ms)
}
