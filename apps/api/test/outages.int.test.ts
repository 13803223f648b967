import { createHash } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openDatabase } from '@waybill/db'
import { eventually, startProxy, type Proxy } from '@waybill/testing'
import supertest from 'supertest'
import { createAccept } from '../src/triggers/create-accept.ts'
import { storeEntries } from '../src/triggers/store-entries.ts'
import { ours, startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let proxy: Proxy
let api: TestApi
beforeAll(async () => {
  proxy = await startProxy()
  api = await startTestApi({ route: proxy.route, env: { TOKEN_CACHE_MS: '600000' } })
})
afterAll(async () => {
  await api.close()
  await proxy.close()
})

const post = (path: string, body: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
const timed = async <T>(work: PromiseLike<T>) => {
  const startedAt = performance.now()
  const answer = await work
  return { answer, ms: performance.now() - startedAt }
}
const stored = async () => {
  const [row] = await api.database.sql`SELECT count(*)::int AS n FROM triggers`
  return row?.['n'] as number
}
const works = () => eventually(async () => (await post('/v1/triggers', trigger())).status === 202)

describe('accepting while the database is away', () => {
  it('answers commit_unknown when the connection broke after the statement left, and does not try again', async () => {
    await works()
    const before = await stored()
    proxy.cutAfter('cut-me')
    const { answer, ms } = await timed(post('/v1/triggers', trigger({ order: { note: 'cut-me' } })))
    expect([answer.status, answer.body.code]).toEqual([503, 'commit_unknown'])
    expect(answer.headers['retry-after']).toBe('1')
    expect(ms).toBeLessThan(10_000)
    expect((await stored()) - before).toBeLessThanOrEqual(1)
    await works()
  })

  it('answers within 2 s when the database hangs, then at once, and recovers by itself', async () => {
    proxy.hang()
    const first = await timed(post('/v1/triggers', trigger()))
    expect([first.answer.status, first.answer.body.code]).toEqual([503, 'commit_unknown'])
    expect(first.ms).toBeLessThan(10_000)
    await eventually(() => !api.deps.storage.up())
    const before = await stored()
    const second = await timed(post('/v1/triggers', trigger()))
    expect([second.answer.status, second.answer.body.code]).toEqual([503, 'storage_unavailable'])
    expect(second.ms).toBeLessThan(5_000)
    const read = await timed(
      supertest(api.url).get('/v1/deliveries').auth(api.tokens.ours, { type: 'bearer' }),
    )
    expect([read.answer.status, read.answer.body.code]).toEqual([503, 'storage_unavailable'])
    const ready = await timed(supertest(api.url).get('/readyz?verbose'))
    expect(ready.answer.status).toBe(503)
    expect(ready.answer.body.checks.database.ok).toBe(false)
    expect(ready.ms).toBeLessThan(10_000)
    expect(await stored()).toBe(before)
    proxy.resume()
    await works()
    expect((await supertest(api.url).get('/readyz')).status).toBe(200)
  })

  it('refuses more than it can hold with overloaded', async () => {
    proxy.hang()
    const triggers = Array.from({ length: 1_000 }, () => trigger())
    const waiting = Array.from({ length: 8 }, () =>
      post('/v1/triggers/batch', { triggers }).then((answer) => answer),
    )
    const answers = await Promise.all(waiting)
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 503))
    expect(answers.map((answer) => answer.body.code)).toContain('overloaded')
    proxy.resume()
    await works()
  })

  it('refuses what it reads too late in a turn of its event loop, a moment later and before the body', async () => {
    await works()
    const before = await stored()
    const { turn } = api.deps
    api.deps.turn = () => 501
    const { answer, ms } = await timed(post('/v1/triggers', { not: 'looked at' }))
    expect([answer.status, answer.body.code]).toEqual([503, 'overloaded'])
    expect(answer.headers['retry-after']).toBe('1')
    expect(ms).toBeGreaterThan(700)
    api.deps.turn = turn
    expect(await stored()).toBe(before)
    await works()
  })

  it('answers storage_unavailable when a lock does not come, within 2 s', async () => {
    const lock = api.database.sql.begin(async (tx) => {
      await tx`LOCK TABLE batches IN ACCESS EXCLUSIVE MODE`
      const { answer, ms } = await timed(post('/v1/triggers', trigger()))
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable'])
      expect(ms).toBeLessThan(10_000)
    })
    await lock
    await works()
  })

  it('answers an unknown token with 503, not with 401, when it cannot be looked up', async () => {
    const away = await startApiOn('postgres://nobody@127.0.0.1:1/none')
    try {
      const { answer, ms } = await timed(
        supertest(away.url).post('/v1/triggers').auth('wbt_x', { type: 'bearer' }).send(trigger()),
      )
      expect([answer.status, answer.body.code]).toEqual([503, 'storage_unavailable'])
      expect(ms).toBeLessThan(10_000)
      const read = await timed(supertest(away.url).get('/v1/subscriptions').auth('wbt_x', { type: 'bearer' }))
      expect([read.answer.status, read.ms < 2_000]).toEqual([503, true])
      const planomatic = await supertest(away.url).post('/api/v1/webhook_jobs/index').send({ token: 'wbt_x' })
      expect([planomatic.status, planomatic.body.status]).toEqual([500, 'identify-request-error'])
      expect((await supertest(away.url).get('/livez')).status).toBe(200)
      expect((await supertest(away.url).get('/readyz')).status).toBe(503)
    } finally {
      await away.close()
    }
  })
})

/** Accepting without HTTP. */
function openAccept(url: string) {
  const woken: number[] = []
  const database = openDatabase({
    url,
    applicationName: 'test',
    hotConnections: 2,
    otherConnections: 1,
    statementTimeoutMs: 5_000,
  })
  const accept = createAccept({
    sql: () => database.sql,
    databaseClock: { ask: () => () => undefined },
    suspect: () => undefined,
    wake: (batch) => woken.push(batch),
    storing: { stored: () => undefined, failed: () => undefined },
    metrics: { flushed: () => undefined, accepted: () => undefined },
    logger: { debug: () => undefined, warn: () => undefined },
    monotonic: () => performance.now(),
  })
  const one = (eventId: number) => ({
    eventId,
    orderId: 'x',
    facilityId: null,
    search: null,
    orderStatus: null,
    occurrence: null,
    data: '{}',
  })
  const entryOf = (key: string | undefined, ...eventIds: number[]) => {
    const hash = createHash('sha256')
      .update(key ?? '')
      .digest()
    const entry = { integration: ours, triggers: eventIds.map(one) }
    return key === undefined ? entry : { ...entry, key: { hash, bodyHash: hash } }
  }
  const submitEntry = (key: string | undefined, ...eventIds: number[]) =>
    accept.submit(entryOf(key, ...eventIds), 2, 1_800).then(
      (result) => result.kind,
      (error: { code: string }) => error.code,
    )
  return { sql: database.sql, woken, entryOf, submitEntry, close: () => database.close() }
}

describe('a key of an earlier request that cannot be read', () => {
  const lookUp = 'encode(k.body_hash'

  it('leaves its own request unknown', async () => {
    const { submitEntry, close } = openAccept(proxy.route(api.databaseUrl))
    expect(await submitEntry('taken', 1)).toBe('stored')
    proxy.cutAfter(lookUp)
    expect(await submitEntry('taken', 1)).toBe('commit_unknown')
    expect(await submitEntry('taken', 1)).toBe('replayed')
    await close()
  })

  it('tells of what was stored beside it, and wakes its batch', async () => {
    const { sql, entryOf, close } = openAccept(proxy.route(api.databaseUrl))
    const woken: number[] = []
    const store = (...keys: (string | undefined)[]) =>
      storeEntries(
        {
          sql: () => sql,
          stored: (batch) => woken.push(batch),
          databaseClock: { ask: () => () => undefined },
        },
        keys.map((key) => entryOf(key, 1)),
        false,
      )
    await store('taken too')
    const before = await stored()
    proxy.cutAfter(lookUp)
    const results = await store('taken too', undefined)
    expect(results.map(({ kind }) => kind)).toEqual(['unknown', 'stored'])
    expect([await stored(), woken.length]).toEqual([before + 1, 2])
    await close()
    await works()
  })
})

describe('data that the database refuses', () => {
  it('fails its own request only, and a call is never divided', async () => {
    const { woken, submitEntry, close } = openAccept(api.databaseUrl)
    const submit = (...eventIds: number[]) => submitEntry(undefined, ...eventIds)
    const before = await stored()
    const outcomes = await Promise.all([submit(1), submit(2), submit(99_999), submit(3, 99_999), submit(4)])
    expect(outcomes).toEqual(['stored', 'stored', 'data_refused', 'data_refused', 'stored'])
    expect(await stored()).toBe(before + 3)
    expect(woken.length).toBeGreaterThan(0)
    await close()
  })
})
