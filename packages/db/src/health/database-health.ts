import { readFileSync } from 'node:fs'
import type { SqlOrTransaction } from '../open-database.ts'
import { isUnknownName, pgErrorCode } from '../pg-error.ts'

type Journal = { entries: { when: number }[] }

const journalUrl = new URL('../../migrations/meta/_journal.json', import.meta.url)
const newestMigration = () =>
  Math.max(...(JSON.parse(readFileSync(journalUrl, 'utf8')) as Journal).entries.map((entry) => entry.when))

/** `migrated`: the schema is at least as new as this code. `nowMs`: the database's clock; not told before the first migration. */
export type DatabaseHealth = {
  migrated: boolean
  partitionDaysAhead: number
  readOnly: boolean
  nowMs: number | undefined
}

const neverMigrated: DatabaseHealth = {
  migrated: false,
  partitionDaysAhead: 0,
  readOnly: false,
  nowMs: undefined,
}

/** What readiness wants to know of the database. Throws when it cannot be asked. */
export async function databaseHealth(sql: SqlOrTransaction): Promise<DatabaseHealth> {
  try {
    return await readHealth(sql)
  } catch (error) {
    if (isUnknownName(pgErrorCode(error))) return neverMigrated
    throw error
  }
}

/** Throws when the database's schema is older than this code: some of its statements would fail. */
export async function refuseOldSchema(sql: SqlOrTransaction): Promise<DatabaseHealth> {
  const health = await databaseHealth(sql)
  if (!health.migrated) throw new SchemaOutdated()
  return health
}

/** The migrations of this version have not run. */
export class SchemaOutdated extends Error {
  readonly code = 'schema_outdated'

  constructor() {
    super('the database is older than this program: run the migrations')
  }
}

async function readHealth(sql: SqlOrTransaction): Promise<DatabaseHealth> {
  const [row] = await sql<{ newest: number; ahead: number; read_only: boolean; now_ms: number }[]>`
    SELECT (SELECT max(created_at) FROM drizzle.__drizzle_migrations) AS newest, partition_days_ahead() AS ahead,
      current_setting('transaction_read_only')::boolean AS read_only, extract(epoch FROM now())::float8 * 1000 AS now_ms`
  return {
    migrated: row !== undefined && row.newest >= newestMigration(),
    partitionDaysAhead: row?.ahead ?? 0,
    readOnly: row?.read_only ?? true,
    nowMs: row?.now_ms,
  }
}

/** Makes the partitions of the coming `daysAhead` days; returns how many were made. */
export async function ensurePartitions(sql: SqlOrTransaction, daysAhead = 7): Promise<number> {
  const [row] = await sql<{ made: number }[]>`SELECT ensure_partitions(${daysAhead}::int) AS made`
  return row?.made ?? 0
}
