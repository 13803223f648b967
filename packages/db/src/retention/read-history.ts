import type { SqlOrTransaction } from '../open-database.ts'
import { findHold } from './find-hold.ts'
import { listExpiredPartitions } from './list-expired-partitions.ts'
import { partitionedTables, selectPartitions, type PartitionedTable } from './partition.ts'

export type TableHistory = {
  table: PartitionedTable
  partitions: number
  /** How many days ago its oldest partition begins; 0 when that lies ahead. */
  oldestDays: number
  /** Partitions that are old enough to go but hold what is not settled. */
  blocked: string[]
}

/** `floor` is the id below which only what is not settled is kept. */
export type History = { days: number; partitionDays: number; floor: number; tables: TableHistory[] }

/** How long history is kept, and what there is of it. */
export async function readHistory(sql: SqlOrTransaction): Promise<History> {
  const [settings] = await sql<Omit<History, 'tables'>[]>`
    SELECT days, partition_days AS "partitionDays", floor FROM retention`
  if (!settings) throw new Error('retention has no row')
  const kept = await sql<Omit<TableHistory, 'blocked'>[]>`
    SELECT p."table", count(*)::int AS partitions,
      greatest((now() AT TIME ZONE 'UTC')::date - date '2020-01-01' - min(p.low / 100000000000)::int, 0) AS "oldestDays"
    FROM (${selectPartitions(sql)}) AS p GROUP BY p."table"`
  const tables: TableHistory[] = []
  for (const table of partitionedTables) {
    const { partitions = 0, oldestDays = 0 } = kept.find((one) => one.table === table) ?? {}
    tables.push({ table, partitions, oldestDays, blocked: await findBlocked(sql, table) })
  }
  return { ...settings, tables }
}

async function findBlocked(sql: SqlOrTransaction, table: PartitionedTable): Promise<string[]> {
  const blocked: string[] = []
  for (const partition of await listExpiredPartitions(sql, table))
    if ((await findHold(sql, partition)) === 'unsettled') blocked.push(partition.name)
  return blocked
}
