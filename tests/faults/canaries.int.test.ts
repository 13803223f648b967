import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { openDatabase, type Database } from '@waybill/db'
import { createTestDatabase, queueBackends, type TestDatabase } from '@waybill/testing'
import { Redis } from 'ioredis'
import { checkCanaries, type Searched } from './support/checks/check-canaries.ts'
import { masterKey, secret } from './support/fault-stack.ts'

const token = 'wb_a-token-of-a-caller'
const redisUrl = process.env['REDIS_URL']

/** A secret is planted in each place where none may be: the check must find it there. */
describe.each(queueBackends())('checkCanaries on the $name queue', (backend) => {
  let clone: TestDatabase
  let database: Database
  let metrics: Server
  let page = ''
  let line = ''
  let searched: Searched

  beforeAll(async () => {
    clone = await createTestDatabase()
    database = openDatabase({
      url: clone.url,
      applicationName: 'waybill-test',
      hotConnections: 1,
      otherConnections: 1,
      statementTimeoutMs: 10_000,
    })
    metrics = createServer((_, response) => response.end(page))
    await new Promise<void>((resolve) => metrics.listen(0, '127.0.0.1', resolve))
    const metricsUrl = `http://127.0.0.1:${(metrics.address() as AddressInfo).port}`
    const process = {
      app: 'api' as const,
      running: () => true,
      metricsUrl,
      get lines() {
        return [{ stream: 'stdout' as const, text: line, fields: {} }]
      },
    }
    const queue = backend.config(clone.url)
    searched = { token, canaries: ['planted'], queue, database, fleet: { processes: [process] } }
  })
  afterAll(async () => {
    await database.close()
    metrics.close()
    await clone.drop()
  })
  beforeEach(() => {
    page = ''
    line = ''
  })

  it('finds nothing where nothing is', async () => {
    expect(await checkCanaries(searched)).toEqual([])
  })

  it.each([
    ['the token', token],
    ['the master key', masterKey.toString('base64')],
    ['a signing secret', secret],
    ['one of the scenario', 'a planted one'],
  ])('finds %s in a log', async (_what, text) => {
    line = `{"event":"x","text":"${text}"}`
    expect(await checkCanaries(searched)).toEqual(['C10 a secret is in the log of the api'])
  })

  it('finds a secret in the metrics', async () => {
    page = `waybill_x{label="${token}"} 1`
    expect(await checkCanaries(searched)).toEqual(['C10 a secret is in the metrics of the api'])
  })

  it('finds a secret in a row, as text and as bytes', async () => {
    const { sql } = database
    await sql`INSERT INTO audit_log (actor, integration, action, target, details)
      VALUES (${token}, 12, 'x', 'y', '{}')`
    expect(await checkCanaries(searched)).toEqual(['C10 a secret is in clear text in public.audit_log'])
    await sql`DELETE FROM audit_log`
    await sql`INSERT INTO accept_keys (integration, kind, key, trigger)
      VALUES (12, 1, ${masterKey}, 1)`
    expect(await checkCanaries(searched)).toEqual(['C10 a secret is in clear text in public.accept_keys'])
    await sql`DELETE FROM accept_keys`
  })

  if (backend.name === 'redis') {
    const plants: [string, (redis: Redis, key: string) => Promise<unknown>][] = [
      ['a string', (redis, key) => redis.set(key, token)],
      ['a hash', (redis, key) => redis.hset(key, 'data', token)],
      ['a list', (redis, key) => redis.rpush(key, 'other', token)],
      ['a set', (redis, key) => redis.sadd(key, token)],
      ['a sorted set', (redis, key) => redis.zadd(key, 1, token)],
      ['a stream', (redis, key) => redis.xadd(key, '*', 'data', token)],
    ]
    it.each(plants)('finds a secret in Redis in %s', async (_what, plant) => {
      const redis = new Redis(redisUrl ?? '')
      await plant(redis, 'planted-key')
      expect(await checkCanaries({ ...searched, canaries: [] })).toEqual(['C10 a secret is in Redis'])
      await redis.del('planted-key')
      redis.disconnect()
    })
  }
})
