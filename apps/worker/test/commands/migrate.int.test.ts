import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { databaseHealth, openDatabase } from '@waybill/db'
import { checkQueue } from '@waybill/queue'
import { createTestDatabase, startProcess, testServices, type TestDatabase } from '@waybill/testing'

const migrate = async (env: Record<string, string>) => {
  const process = startProcess({ program: 'apps/worker/src/commands/migrate.ts', env })
  const { code } = await process.exited
  return { code, output: process.lines.map(({ text }) => text).join('\n') }
}

const healthOf = async (url: string) => {
  const database = openDatabase({
    url,
    applicationName: 'waybill-test',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
  try {
    return await databaseHealth(database.sql)
  } finally {
    await database.close()
  }
}

describe('the migrate command', () => {
  const empty = () => createTestDatabase({ ...testServices(), template: 'template0' })
  let onPostgres: TestDatabase
  let onRedis: TestDatabase

  beforeAll(async () => {
    onPostgres = await empty()
    onRedis = await empty()
  })
  afterAll(async () => {
    await onPostgres.drop()
    await onRedis.drop()
  })

  it('makes an empty database ready for both processes and their queue', async () => {
    expect(await migrate({ DATABASE_URL: onPostgres.url })).toEqual({
      code: 0,
      output: 'database: migrated\nqueue: migrated',
    })
    expect(await healthOf(onPostgres.url)).toMatchObject({ migrated: true, readOnly: false })
    expect(await checkQueue({ backend: 'postgres', databaseUrl: onPostgres.url })).toBeUndefined()
  })

  it('does nothing the second time, also when two run at once', async () => {
    const runs = await Promise.all([1, 2].map(() => migrate({ DATABASE_URL: onPostgres.url })))
    expect(runs.map(({ code }) => code)).toEqual([0, 0])
  })

  it('leaves the queue to Redis where there is one', async () => {
    const { code, output } = await migrate({
      DATABASE_URL: onRedis.url,
      REDIS_URL: 'redis://127.0.0.1:6379',
    })
    expect([code, output]).toEqual([0, 'database: migrated\nqueue: on Redis, nothing to migrate'])
    expect(await checkQueue({ backend: 'postgres', databaseUrl: onRedis.url })).toEqual(expect.any(String))
  })

  it('says why it failed and shows no password', async () => {
    const { code, output } = await migrate({ DATABASE_URL: 'postgres://waybill:hunter2@127.0.0.1:1/waybill' })
    expect(code).toBe(1)
    expect(output).toMatch(/ECONNREFUSED/)
    expect(output).not.toMatch(/hunter2/)
  })

  it('names a missing variable and exits 78', async () => {
    const { code, output } = await migrate({})
    expect(code).toBe(78)
    expect(output).toMatch(/DATABASE_URL/)
  })
})
