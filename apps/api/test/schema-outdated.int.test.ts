import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
beforeEach(() => void api.log.splice(0))
afterAll(() => api.close())

const calls = (url: string, token: string) => {
  const bearer = { type: 'bearer' } as const
  return {
    trigger: () => supertest(url).post('/v1/triggers').auth(token, bearer).send(trigger()),
    native: () => supertest(url).get('/v1/subscriptions').auth(token, bearer),
    Nursa: () => supertest(url).get('/api/v2/public/webhooks/facility').auth(token, bearer),
    'Planning Center': () => supertest(url).get('/webhooks/v2/webhook_subscriptions').auth(token, bearer),
    PlanOmatic: () =>
      supertest(url).post('/api/v1/webhook_out_subs/index').send({ token, integration_id: ours }),
  }
}
type Name = keyof ReturnType<typeof calls>
const names: Name[] = ['trigger', 'native', 'Nursa', 'Planning Center', 'PlanOmatic']

describe('a database whose migrations have not run', () => {
  it('is waited for: calls are told that it is not theirs, and readiness says why', async () => {
    const [newest] = await api.database.sql<{ id: number; hash: string; at: number }[]>`
      DELETE FROM drizzle.__drizzle_migrations WHERE created_at =
        (SELECT max(created_at) FROM drizzle.__drizzle_migrations) RETURNING id, hash, created_at AS at`
    const early = await startApiOn(api.databaseUrl)
    try {
      for (const name of names) {
        const answer = await calls(early.url, api.tokens.ours)[name]()
        expect([name, answer.status]).toEqual([name, name === 'PlanOmatic' ? 500 : 503])
      }
      const refused = await calls(early.url, api.tokens.ours).trigger()
      expect([refused.body.code, refused.headers['retry-after']]).toEqual(['schema_outdated', '1'])
      const ready = await supertest(early.url).get('/readyz?verbose')
      expect([ready.status, ready.body.checks.migrations]).toEqual([
        503,
        { ok: false, detail: 'schema_outdated' },
      ])
      expect(early.log.filter((line) => line.includes('installation.not-checked'))).toHaveLength(1)
      await api.database.sql`INSERT INTO drizzle.__drizzle_migrations (hash, created_at)
        VALUES (${newest?.hash ?? ''}, ${newest?.at ?? 0}::bigint)`
      await early.deps.installation.run()
      expect((await calls(early.url, api.tokens.ours).trigger()).status).toBe(202)
      expect((await supertest(early.url).get('/readyz')).status).toBe(200)
    } finally {
      await early.close()
    }
  })
})

describe('a statement that names what the database does not have', () => {
  beforeAll(() => api.database.sql`ALTER TABLE subscriptions RENAME COLUMN integration TO later`)
  afterAll(() => api.database.sql`ALTER TABLE subscriptions RENAME COLUMN later TO integration`)

  it.each(names.filter((name) => name !== 'trigger'))(
    'is our failure in the %s API, and is logged',
    async (name) => {
      const answer = await calls(api.url, api.tokens.ours)[name]()
      expect(answer.status).toBe(500)
      expect(JSON.stringify(answer.body)).not.toMatch(/column|42703/)
      const line = api.log.find((one) => one.includes('request.failed'))
      expect(JSON.parse(line ?? '{}')).toMatchObject({ level: 'error', error: { code: '42703' } })
      expect(line).toMatch(/column .*integration.* does not exist/)
      expect(api.deps.storage.up()).toBe(true)
    },
  )

  it('is our failure when triggers are accepted, too', async () => {
    await api.database.sql`ALTER TABLE batches RENAME COLUMN bulk TO later`
    const answer = await calls(api.url, api.tokens.ours).trigger()
    await api.database.sql`ALTER TABLE batches RENAME COLUMN later TO bulk`
    expect([answer.status, answer.body.code]).toEqual([500, 'internal_error'])
    expect(api.log.join('')).toMatch(/"level":"error".*42703/)
  })
})
