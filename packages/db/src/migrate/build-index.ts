import type postgres from 'postgres'
import { pgErrorCode } from '../pg-error.ts'
import { retryLocks } from './retry-locks.ts'
import type { IndexStage } from './to-stages.ts'

type Log = (text: string) => void

const undefinedTable = '42P01'
const longestName = 63
/** A build that takes longer than this is mentioned. */
const worthTellingMs = 2_000

/**
 * Builds an index while others write. PostgreSQL cannot do that for a partitioned table as a whole, so there the parent's
 * index is declared empty, each partition's is built by itself and hung below it; with the last one it becomes valid. May
 * be run again after it was broken off anywhere.
 */
export async function buildIndex(client: postgres.Sql, index: IndexStage, log: Log): Promise<void> {
  const [table] = await client<{ partitioned: boolean }[]>`
    SELECT relkind = 'p' AS partitioned FROM pg_class WHERE oid = to_regclass(${quote(index.table)})`
  if (!table) throw new Error(`there is no table ${index.table}`)
  if (table.partitioned) await buildOnPartitions(client, index, log)
  else await buildOn(client, index, { table: index.table, name: index.name }, log)
}

async function buildOnPartitions(client: postgres.Sql, index: IndexStage, log: Log): Promise<void> {
  const { name, table, rest, unique } = index
  const declare = `CREATE ${unique ? 'UNIQUE ' : ''}INDEX IF NOT EXISTS "${name}" ON ONLY "${table}" ${rest}`
  await retryLocks(client, log, (_tx, run) => run(declare))
  for (;;) {
    const [partition] = await partitionsWithout(client, index)
    if (partition === undefined) break
    await buildOnPartition(client, index, partition, log)
  }
  const [built] = await client<{ valid: boolean }[]>`
    SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = ${quote(name)}::regclass`
  if (!built?.valid) throw new Error(`the index ${name} is not valid although every partition has it`)
}

async function buildOnPartition(
  client: postgres.Sql,
  index: IndexStage,
  partition: string,
  log: Log,
): Promise<void> {
  const child = `${partition}_${index.name.replace(`${index.table}_`, '')}`.slice(0, longestName)
  try {
    await buildOn(client, index, { table: partition, name: child }, log)
    await retryLocks(client, log, (_tx, run) =>
      run(`ALTER INDEX "${index.name}" ATTACH PARTITION "${child}"`),
    )
  } catch (error) {
    // Retention dropped it meanwhile.
    if (pgErrorCode(error) !== undefinedTable || (await exists(client, partition))) throw error
  }
}

async function partitionsWithout(
  client: postgres.Sql,
  { name, table }: Pick<IndexStage, 'name' | 'table'>,
): Promise<string[]> {
  const rows = await client<{ partition: string }[]>`
    SELECT c.relname AS partition FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = ${quote(table)}::regclass AND NOT EXISTS (
      SELECT FROM pg_index x JOIN pg_inherits below ON below.inhrelid = x.indexrelid
      WHERE x.indrelid = c.oid AND below.inhparent = ${quote(name)}::regclass)
    ORDER BY c.oid`
  return rows.map((row) => row.partition)
}

/** The build waits, without keeping anybody from anything, for every transaction that is older than itself. */
async function buildOn(
  client: postgres.Sql,
  { unique, rest }: IndexStage,
  { table, name }: { table: string; name: string },
  log: Log,
): Promise<void> {
  const [found] = await client<{ valid: boolean }[]>`
    SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = to_regclass(${quote(name)})`
  if (found?.valid) return
  // A build that was broken off leaves an index that every writer keeps up and nobody reads.
  if (found) await client.unsafe(`DROP INDEX CONCURRENTLY "${name}"`)
  const tell = setTimeout(() => log(`building ${name}, which waits for older transactions`), worthTellingMs)
  try {
    await client.unsafe(`CREATE ${unique ? 'UNIQUE ' : ''}INDEX CONCURRENTLY "${name}" ON "${table}" ${rest}`)
  } finally {
    clearTimeout(tell)
  }
}

async function exists(client: postgres.Sql, table: string): Promise<boolean> {
  const [row] = await client`SELECT to_regclass(${quote(table)}) IS NOT NULL AS found`
  return row?.['found'] === true
}

const quote = (name: string): string => `"${name}"`
