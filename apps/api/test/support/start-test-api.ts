import { createToken, openDatabase, putIntegration, type Database } from '@waybill/db'
import { asIntegrationId, type IntegrationId } from '@waybill/domain'
import { createLogger } from '@waybill/runtime'
import { createTestDatabase } from '@waybill/testing'
import { Writable } from 'node:stream'
import { createApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { buildDeps, type ApiDeps } from '../../src/deps.ts'
import { startServer } from '../../src/server.ts'

export const ours = asIntegrationId(12)
export const theirs = asIntegrationId(34)

export type TestApi = {
  url: string
  deps: ApiDeps
  databaseUrl: string
  /** A way to the database that the api does not share. */
  database: Database
  /** Tokens for integration 12, for 34, and for both. */
  tokens: { ours: string; theirs: string; both: string }
  /** Log lines written so far. */
  log: string[]
  close(): Promise<void>
}

export const masterKey = Buffer.alloc(32, 7).toString('base64')

/** An api on a free port with a database of its own. `route` changes the address at which the api finds it. */
export async function startTestApi(
  options: { env?: Record<string, string>; route?: (url: string) => string } = {},
): Promise<TestApi> {
  const testDatabase = await createTestDatabase()
  const database = openTestDatabase(testDatabase.url)
  await putIntegration(database.orm, ours, 'Ours')
  await putIntegration(database.orm, theirs, 'Theirs')
  const tokenFor = async (scope: IntegrationId[]) => (await createToken(database.orm, 'test', scope)).token
  const tokens = {
    ours: await tokenFor([ours]),
    theirs: await tokenFor([theirs]),
    both: await tokenFor([ours, theirs]),
  }
  const api = await startApiOn((options.route ?? ((url) => url))(testDatabase.url), options.env)
  return {
    ...api,
    databaseUrl: testDatabase.url,
    database,
    tokens,
    close: async () => {
      await api.close()
      await database.close()
      await testDatabase.drop()
    },
  }
}

/** An api over a database that somebody else made, or that is not there. */
export async function startApiOn(databaseUrl: string, env: Record<string, string> = {}) {
  const log: string[] = []
  const stream = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      log.push(chunk.toString())
      done()
    },
  })
  const config = readConfig({
    DATABASE_URL: databaseUrl,
    WAYBILL_MASTER_KEY: masterKey,
    LOG_LEVEL: 'debug',
    ...env,
  })
  const deps = buildDeps(config, createLogger({ service: 'test', level: config.logLevel, stream }))
  await deps.installation.run()
  const server = await startServer(createApp(deps), { host: '127.0.0.1', port: 0 })
  return {
    url: server.url,
    deps,
    log,
    close: async () => {
      await server.close()
      await deps.close()
    },
  }
}

export const openTestDatabase = (url: string): Database =>
  openDatabase({
    url,
    applicationName: 'test',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 20_000,
  })
