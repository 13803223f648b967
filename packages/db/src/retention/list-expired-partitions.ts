import type { SqlOrTransaction } from '../open-database.ts'
import { firstKeptId, selectPartitions, type Partition, type PartitionedTable } from './partition.ts'

/** The table's partitions that are wholly below the floor and older than history is kept now, oldest first. */
export async function listExpiredPartitions(
  sql: SqlOrTransaction,
  table: PartitionedTable,
): Promise<Partition[]> {
  const rows = await sql<Partition[]>`
    SELECT p.* FROM (${selectPartitions(sql)}) AS p, retention r
    WHERE p."table" = ${table}::text AND p.high <= r.floor AND p.high <= ${firstKeptId(sql)}
    ORDER BY p.low`
  return [...rows]
}
