import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'

const migrationsFolder = fileURLToPath(new URL('../migrations', import.meta.url))

/** Any fixed number: the advisory lock that lets one migrator run at a time. */
const migrationLock = 7_212_019

/**
 * Brings the database to the newest schema. Safe to run from several processes at once: the others wait for the
 * one that holds the lock and then find nothing to do. Throws when the database is not UTF-8 or older than
 * PostgreSQL 15.
 *
 * @param lockTimeoutMs how long a statement of a migration may wait for a table lock before it gives way
 */
export async function migrateDatabase(databaseUrl: string, lockTimeoutMs = 10_000): Promise<void> {
  const client = postgres(databaseUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: 'waybill-migrate' },
  })
  try {
    await refuseUnfitServer(client)
    await client`SELECT pg_advisory_lock(${migrationLock})`
    await client.unsafe(`SET lock_timeout = ${lockTimeoutMs}`)
    await migrate(drizzle(client), { migrationsFolder })
    await client`SELECT ensure_partitions(7)`
  } finally {
    await client.end({ timeout: 5 })
  }
}

async function refuseUnfitServer(client: postgres.Sql): Promise<void> {
  const [server] = await client<{ version: number; encoding: string }[]>`
    SELECT current_setting('server_version_num')::int AS version, current_setting('server_encoding') AS encoding`
  if (!server || server.version < 150_000) throw new Error('PostgreSQL 15 or newer is needed')
  if (server.encoding !== 'UTF8')
    throw new Error(`the database's encoding must be UTF8, not ${server.encoding}`)
}
