import { openDatabase, type Sql } from '../open-database.ts'

/** Any fixed number: the advisory lock that lets one process at a time remove history. */
const retentionLock = 7_212_020

/** How long it waits for the statements that look into a partition. They do not wait for it. */
const patienceMs = 20_000
const statementTimeoutMs = 60_000

/**
 * Runs `work` over a connection of its own, unless another process does that right now: then undefined. Its statements
 * may wait and run longer than those of the pools.
 *
 * @param signal ends the work by closing the connection, within seconds
 */
export async function holdRetention<Result>(
  databaseUrl: string,
  signal: AbortSignal,
  work: (sql: Sql) => Promise<Result>,
  { lockTimeoutMs = patienceMs }: { lockTimeoutMs?: number } = {},
): Promise<Result | undefined> {
  const database = openDatabase({
    url: databaseUrl,
    applicationName: 'waybill-retention',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs,
    onSilent: () => void database.close(),
  })
  const end = () => void database.close()
  signal.addEventListener('abort', end)
  try {
    const [lock] = await database.sql<{ held: boolean }[]>`
      SELECT pg_try_advisory_lock(${retentionLock}::bigint) AS held`
    if (!lock?.held) return undefined
    await database.sql`SELECT set_config('lock_timeout', ${`${lockTimeoutMs}ms`}::text, false)`
    return await work(database.sql)
  } finally {
    signal.removeEventListener('abort', end)
    // The lock goes with its connection.
    await database.close()
  }
}
