import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createStorage, type Storage } from '@waybill/db'
import { createTestDatabase, eventually, startProxy, type Proxy, type TestDatabase } from '@waybill/testing'
import { sql as fragment } from 'drizzle-orm'

describe('the storage', () => {
  let clone: TestDatabase
  let proxy: Proxy
  let storage: Storage
  let told: string[] = []
  const tell = (event: string) => told.push(event)
  beforeEach(async () => {
    told = []
    clone = await createTestDatabase()
    proxy = await startProxy()
    const options = {
      url: proxy.route(clone.url),
      applicationName: 'waybill-test',
      hotConnections: 2,
      otherConnections: 1,
      readConnections: 1,
      statementTimeoutMs: 2_000,
    }
    storage = createStorage(options, { warn: tell, info: tell }, { probeMs: 1_500 })
  })
  afterEach(async () => {
    proxy.resume()
    await storage.close()
    await proxy.close()
    await clone.drop()
  })

  it('leads whoever kept a part of it to new pools after an outage', async () => {
    const { sql, read, orm } = { ...storage }
    const ask = async () => {
      const [rows, others, more, transacted] = await Promise.all([
        sql<{ n: number }[]>`SELECT ${1}::int AS n`,
        read.unsafe<{ n: number }[]>('SELECT 2 AS n'),
        orm.execute<{ n: number }>(fragment`SELECT ${3}::int AS n`),
        sql.begin((tx) => tx<{ n: number }[]>`SELECT 4 AS n`),
      ])
      return [...rows, ...others, ...more, ...transacted].map(({ n }) => n)
    }
    expect(await ask()).toEqual([1, 2, 3, 4])
    proxy.hang()
    storage.suspect()
    await eventually(() => !storage.up())
    proxy.resume()
    await eventually(() => storage.up())
    expect(told).toEqual(['database.lost', 'database.found'])
    expect(await ask()).toEqual([1, 2, 3, 4])
  })
  it('does not call a server away that ended all connections and takes new ones', async () => {
    const all = () => Promise.all([1, 2, 3].map((n) => storage.sql`SELECT ${n}::int, pg_sleep(0.05)`))
    await all()
    for (let round = 0; round < 5; round += 1) {
      proxy.cut()
      storage.suspect()
      await eventually(all)
    }
    expect(told).toEqual([])
  })
})
