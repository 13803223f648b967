import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import { sessionSettings } from '../session-settings.ts'
import { applyMigrations } from './apply-migrations.ts'
import { retryLocks } from './retry-locks.ts'

const ownMigrations = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Any fixed number: the advisory lock that lets one migrator run at a time. */
const migrationLock = 7_212_019
const askAgainMs = 200
/** Builds take as long as they take, whatever the role's own settings. */
const unlimited: Readonly<Record<string, string>> = {
  statement_timeout: '0',
  lock_timeout: '0',
  idle_in_transaction_session_timeout: '0',
}

export type MigrateOptions = {
  /** Default: the migrations of this package. */
  migrationsFolder?: string
  /** Told in a few words what is done, and what is waited for. */
  log?: (text: string) => void
}

/**
 * Brings the database to the newest schema while others read and write it. Safe to run from several processes at once:
 * the others wait for the one that holds the lock and then find nothing to do. One that was killed is carried on by the
 * next. Throws when the database is not UTF-8 or older than PostgreSQL 15, and when a statement fails, which is then
 * rolled back.
 */
export async function migrateDatabase(databaseUrl: string, options: MigrateOptions = {}): Promise<void> {
  const { migrationsFolder = ownMigrations, log = () => {} } = options
  const client = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { ...sessionSettings, application_name: 'waybill-migrate', ...unlimited },
  })
  try {
    await refuseUnfitServer(client)
    await takeTurn(client, log)
    await applyMigrations(client, migrationsFolder, log)
    await retryLocks(client, log, (tx) => tx`SELECT ensure_partitions(7)`)
  } finally {
    await client.end({ timeout: 5 })
  }
}

/** Asks again and again: a statement that waits for the lock holds a snapshot, for which an index build would wait. */
async function takeTurn(client: postgres.Sql, log: (text: string) => void): Promise<void> {
  const mine = async () => {
    const [row] = await client<{ mine: boolean }[]>`SELECT pg_try_advisory_lock(${migrationLock}) AS mine`
    return row?.mine === true
  }
  if (await mine()) return
  log('another migrator is at work; waiting for it')
  while (!(await mine())) await pause(askAgainMs)
}

async function refuseUnfitServer(client: postgres.Sql): Promise<void> {
  const [server] = await client<{ version: number; encoding: string }[]>`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`
  if (!server || server.version < 150_000) throw new Error('PostgreSQL 15 or newer is needed')
  if (server.encoding !== 'UTF8')
    throw new Error(`the database's encoding must be UTF8, not ${server.encoding}`)
}
