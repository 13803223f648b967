import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import express from 'express'
import supertest from 'supertest'
import { callRoute, type PlanomaticRoute } from '../src/planomatic/call-route.ts'
import { startServer } from '../src/server.ts'
import { seedDelivery } from './support/seed-delivery.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  const id = (kind: 'trigger' | 'subscription', uuid: string) =>
    api.deps.publicIds.decode(kind, uuid) as number
  const subscription = await post('/v1/subscriptions', { name: 'CRM', url: 'https://crm.example.com/' })
  const posted = await post('/v1/triggers', trigger())
  await seedDelivery(api.database, {
    integration: ours,
    trigger: id('trigger', posted.body.id),
    subscription: id('subscription', subscription.body.id),
    profile: 'planomatic-v3',
  })
  // Every reading of deliveries needs this table, accepting does not: from here on each such query is slow.
  await api.database.sql`ALTER TABLE revisions RENAME TO revisions_kept`
  await api.database.sql`CREATE VIEW revisions AS SELECT * FROM revisions_kept WHERE pg_sleep(5) IS NOT NULL`
})
afterAll(() => api.close())

const post = (path: string, body: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).send(body)
const index = (change: object = {}) =>
  post('/api/v1/webhook_jobs/index', { token: api.tokens.ours, integration_id: ours, ...change })

describe('reads that are too slow', () => {
  it('stop neither accepting nor readiness', async () => {
    const read = () => supertest(api.url).get('/v1/deliveries').auth(api.tokens.ours, { type: 'bearer' })
    let reading = true
    const reads = Promise.all(Array.from({ length: 8 }, () => read().then((answer) => answer))).finally(
      () => (reading = false),
    )
    const seen: [number, number, number][] = []
    while (reading) {
      const startedAt = performance.now()
      const { status } = await post('/v1/triggers', trigger())
      const ms = performance.now() - startedAt
      seen.push([status, (await supertest(api.url).get('/readyz')).status, ms])
    }
    const answers = await reads
    expect(new Set(seen.map(([accepted, ready]) => `${accepted} ${ready}`))).toEqual(new Set(['202 200']))
    expect(Math.max(...seen.map(([, , ms]) => ms))).toBeLessThan(10_000)
    expect(answers.map((answer) => answer.status)).toEqual(answers.map(() => 503))
    const slow = answers.find((answer) => answer.body.code === 'query_too_slow')
    expect(slow?.headers['retry-after']).toBe('1')
    expect(slow?.body.detail).toMatch(/narrow/i)
    expect(api.log.join('')).not.toContain('database.lost')
  })

  it('are application-crash in the PlanOmatic dialect, and no outage', async () => {
    const answer = await index()
    expect([answer.status, answer.body.status]).toEqual([500, 'application-crash'])
    expect(answer.headers['retry-after']).toBe('1')
    expect(answer.body.message).toMatch(/took too long.*narrow.*longer search term/i)
    expect((await post('/v1/triggers', trigger())).status).toBe(202)
    const logged = api.log.filter((line) => line.includes('request.failed') && line.includes('webhook_jobs'))
    expect(logged).toEqual([expect.stringContaining('"level":"warn"')])
  })

  it('are told of as such too when it is all statements together that take too long, for lists alone', async () => {
    const never: PlanomaticRoute = {
      methods: ['POST'],
      answerWithinMs: 50,
      runOpen: () => new Promise(() => {}),
    }
    const records = { identify: () => Promise.resolve() }
    const app = express()
      .post('/list', callRoute(api.deps, records, '/list', { ...never, lists: true }))
      .post('/change', callRoute(api.deps, records, '/change', never))
    const server = await startServer(app, { host: '127.0.0.1', port: 0 })
    const ask = async (path: string) => (await supertest(server.url).post(path)).body
    const list = await ask('/list')
    const change = await ask('/change')
    await server.close()
    expect([list, change]).toMatchObject([{ status: 'application-crash' }, { status: 'application-crash' }])
    expect(list.message).toMatch(/narrow/i)
    expect(change.message).not.toMatch(/narrow/i)
  })

  it.each([
    [{ number: 1_000_000, size: 100 }],
    [{ number: 1_001, size: 100 }],
    [{ number: 4_001 }],
    [{ number: 100_001, size: 1 }],
  ])('are refused ahead for a page as far as %j', async (page) => {
    const answer = await index({ page })
    expect([answer.status, answer.body.status]).toEqual([400, 'invalid-param'])
    expect(answer.body.errors).toMatchObject([{ attr: 'page.number' }])
  })
})
