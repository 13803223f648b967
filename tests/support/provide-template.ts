import { randomBytes } from 'node:crypto'
import { migrateDatabase } from '@waybill/db'
import { migrateQueue } from '@waybill/queue'
import postgres from 'postgres'
import type { TestResources } from './test-resources.ts'

/** Creates the migrated database that every test file clones, and returns its name. */
export async function provideTemplate(postgresUrl: string, resources: TestResources): Promise<string> {
  const name = `waybill_${randomBytes(4).toString('hex')}`
  const sql = postgres(postgresUrl, { max: 1, onnotice: () => {} })
  resources.add('connection', () => sql.end({ timeout: 5 }))
  // Not template1: that one may be of another encoding, and hold what its owner put there.
  await sql`CREATE DATABASE ${sql(name)} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`
  resources.add(name, () => dropWithClones(sql, name))

  const url = new URL(postgresUrl)
  url.pathname = `/${name}`
  await migrateDatabase(url.href)
  await migrateQueue({ backend: 'postgres', databaseUrl: url.href })
  // A database that somebody is connected to cannot be cloned.
  await sql`ALTER DATABASE ${sql(name)} ALLOW_CONNECTIONS false`
  return name
}

/** A test that was cut short leaves its clone behind; all clones begin with the template's name. */
async function dropWithClones(sql: postgres.Sql, name: string): Promise<void> {
  const clones = await sql<{ datname: string }[]>`
    SELECT datname FROM pg_database WHERE datname = ${name} OR starts_with(datname, ${`${name}_`})`
  for (const { datname } of clones) await sql`DROP DATABASE IF EXISTS ${sql(datname)} WITH (FORCE)`
}
