import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { migrateDatabase, openDatabase, type Database } from '@waybill/db'
import { createTestDatabase, writeMigrations, type TestDatabase } from '@waybill/testing'
import { sql as text } from 'drizzle-orm'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'

const ask = `
  SELECT current_setting('DateStyle') AS dates, current_setting('TimeZone') AS zone, current_setting('bytea_output') AS bytes,
    current_setting('transaction_isolation') AS isolation, current_setting('idle_session_timeout') AS idle,
    current_setting('jit') AS jit, to_timestamp(0) AS at, '\\x00ff'::bytea AS raw`
const asWeNeedIt = {
  dates: expect.stringMatching(/^ISO, /),
  zone: 'UTC',
  bytes: 'hex',
  isolation: 'read committed',
  idle: '0',
  jit: 'off',
  raw: Buffer.from([0, 255]),
}

/** A database whose owner has other habits than the server's defaults. */
describe('a session', () => {
  let clone: TestDatabase
  let database: Database
  beforeAll(async () => {
    clone = await createTestDatabase()
    const sql = postgres(clone.url, { max: 1 })
    const settings = {
      DateStyle: "'SQL, DMY'",
      TimeZone: "'Asia/Kolkata'",
      bytea_output: 'escape',
      default_transaction_isolation: 'serializable',
      idle_session_timeout: "'20s'",
      jit: 'on',
      statement_timeout: "'300ms'",
    }
    for (const [name, value] of Object.entries(settings))
      await sql.unsafe(`ALTER DATABASE "${clone.name}" SET ${name} = ${value}`)
    await sql.end()
    const each = {
      hotConnections: 1,
      otherConnections: 1,
      readConnections: 1,
      writeConnections: 1,
      authConnections: 1,
    }
    database = openDatabase({
      url: clone.url,
      applicationName: 'waybill-test',
      statementTimeoutMs: 10_000,
      ...each,
    })
  })
  afterAll(async () => {
    await database.close()
    await clone.drop()
  })

  it.each(['sql', 'read', 'write'] as const)(
    'of the pool %s has the settings that Waybill reads by',
    async (pool) => {
      const [row] = await database[pool].unsafe(ask)
      expect(row).toEqual({ ...asWeNeedIt, at: new Date(0) })
    },
  )

  it.each(['orm', 'auth'] as const)('of the pool %s has them, too', async (pool) => {
    const [row] = await database[pool].execute(text.raw(ask))
    expect(row).toEqual({ ...asWeNeedIt, at: '1970-01-01 00:00:00+00' })
  })

  it('of a migration may take longer than statements of the database otherwise', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'migrations-'))
    try {
      await writeMigrations(folder, ['SELECT pg_sleep(0.6)'])
      await migrateDatabase(clone.url, { migrationsFolder: folder })
      const [last] = await database.sql`SELECT count(*)::int AS n FROM drizzle.__drizzle_migrations`
      expect(last?.['n']).toBeGreaterThan(1)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
