import postgres from 'postgres'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'

/**
 * Creates the database unless it exists and returns the server's version (`18.4`).
 *
 * @throws EmbeddedPostgresError `start_failed` when the server cannot be used with our password
 */
export async function ensureDatabase(adminUrl: string, database: string): Promise<string> {
  const sql = postgres(adminUrl, { max: 1, connect_timeout: 15, onnotice: () => {} })
  try {
    const [found] = await sql<{ version: string; exists: boolean }[]>`
      SELECT current_setting('server_version') AS version,
             EXISTS (SELECT FROM pg_database WHERE datname = ${database}) AS exists`
    if (found?.exists === false) await sql`CREATE DATABASE ${sql(database)}`
    return found?.version ?? 'unknown'
  } catch (cause) {
    throw new EmbeddedPostgresError(
      'start_failed',
      `PostgreSQL runs but cannot be used: ${(cause as Error).message}`,
      { cause },
    )
  } finally {
    await sql.end({ timeout: 5 })
  }
}
