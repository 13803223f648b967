import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import { testServices } from './test-services.ts'

export type TestDatabase = {
  url: string
  name: string
  /** Disconnects whoever is left and removes the database. A second call does nothing. */
  drop(): Promise<void>
}

/**
 * A database of its own for one test file: a clone of the migrated template, named after it. FILE_COPY was never slower
 * than the default WAL_LOG on a server that does not fsync, such as the one of tests/run.ts, and is steadier.
 */
export async function createTestDatabase(
  services: { postgresUrl: string; template: string } = testServices(),
): Promise<TestDatabase> {
  const { postgresUrl, template } = services
  const name = `${template}_${randomBytes(6).toString('hex')}`
  await asAdmin(
    postgresUrl,
    (sql) => sql`CREATE DATABASE ${sql(name)} TEMPLATE ${sql(template)} STRATEGY FILE_COPY`,
  )
  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  return {
    url: url.href,
    name,
    drop: () => asAdmin(postgresUrl, (sql) => sql`DROP DATABASE IF EXISTS ${sql(name)} WITH (FORCE)`),
  }
}

async function asAdmin(postgresUrl: string, work: (sql: postgres.Sql) => Promise<unknown>): Promise<void> {
  const sql = postgres(postgresUrl, { max: 1, onnotice: () => {} })
  try {
    await work(sql)
  } finally {
    await sql.end({ timeout: 5 })
  }
}
