import type { SqlOrTransaction } from '../open-database.ts'
import { firstKeptId, selectPartitions } from './partition.ts'

/**
 * Raises the floor to the end of the newest partition that is old enough to go, and returns the floor. Once this is
 * committed nothing settled below it becomes due again: a redelivery holds the row while it looks at the floor, so it
 * has either committed before and its due row is there to be seen, or it finds the new floor. That is why what is
 * unsettled below the floor can only become less, and a partition found without it may be dropped at leisure.
 */
export async function publishFloor(sql: SqlOrTransaction): Promise<number> {
  await sql`
    UPDATE retention AS r SET floor = old.high
    FROM (
      SELECT max(p.high) AS high FROM (${selectPartitions(sql)}) AS p, retention r WHERE p.high <= ${firstKeptId(sql)}
    ) AS old
    WHERE old.high > r.floor`
  const [row] = await sql<{ floor: number }[]>`SELECT floor FROM retention`
  return row?.floor ?? 0
}
