import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { newApplication, type Application } from './support/planning-center.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let known: Application
let unseen: Application
beforeAll(async () => {
  api = await startTestApi({ env: { TOKEN_CACHE_MS: '0', TRUSTED_PROXIES: '2' } })
  known = await newApplication(api)
  unseen = await newApplication(api)
})
afterAll(() => api.close())

type Ask = (token: string, id: number) => supertest.Test
const apis: readonly (readonly [name: string, ask: Ask])[] = [
  ['the native API', (token) => supertest(api.url).get('/v1/subscriptions').auth(token, { type: 'bearer' })],
  [
    'the PlanOmatic API',
    (token) =>
      supertest(api.url)
        .post('/api/v1/webhook_jobs/index')
        .send({ token, integration_id: Number(ours) }),
  ],
  [
    'the Nursa API',
    (token) => supertest(api.url).get('/api/v2/public/webhooks/logs').auth(token, { type: 'bearer' }),
  ],
  ['the Planning Center API', (token, id) => supertest(api.url).get('/webhooks/v2').auth(String(id), token)],
]

/** Asks as somebody at this address whose call came through two proxies. */
const from = (address: string, ask: Ask, { token, id }: Application) =>
  ask(token, id).set('X-Forwarded-For', `192.0.2.1, ${address}, 10.0.0.2`)

describe.each(apis.map(([name, ask], i) => ({ name, ask, address: `198.51.100.${i + 1}` })))(
  'an address with too many bad tokens, at $name',
  ({ ask, address }) => {
    it('is refused before the database is asked, but for tokens that were good before', async () => {
      expect((await from(address, ask, known)).status).toBeLessThan(300)
      for (let i = 0; i < 20; i += 1)
        expect((await from(address, ask, { id: 1, token: `wbt_guess-${i}` })).status).toBe(401)
      await api.database.sql`ALTER TABLE tokens RENAME TO tokens_`
      try {
        for (const one of [{ id: 1, token: 'wbt_guess-x' }, unseen]) {
          const refused = await from(address, ask, one)
          expect(refused.status).toBe(429)
          expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
        }
        // Asked for again, as the cache keeps nothing here.
        expect((await from(address, ask, known)).status).toBeGreaterThanOrEqual(500)
        expect((await from('203.0.113.7', ask, unseen)).status).toBeGreaterThanOrEqual(500)
      } finally {
        await api.database.sql`ALTER TABLE tokens_ RENAME TO tokens`
      }
      expect((await from(address, ask, known)).status).toBeLessThan(300)
      expect((await from('203.0.113.8', ask, known)).status).toBeLessThan(300)
    })
  },
)

describe('sessions', () => {
  it('are not looked up either', async () => {
    const ask: Ask = (token) =>
      supertest(api.url)
        .post('/api/v1/webhook_jobs/index')
        .send({ token, integration_id: Number(ours) })
    const address = '198.51.100.99'
    for (let i = 0; i < 20; i += 1) await from(address, ask, { id: 1, token: `wbs_guess-${i}` })
    await api.database.sql`ALTER TABLE sessions RENAME TO sessions_`
    expect((await from(address, ask, { id: 1, token: 'wbs_guess-x' })).status).toBe(429)
    await api.database.sql`ALTER TABLE sessions_ RENAME TO sessions`
  })
})

describe('the rate limit of the Planning Center API', () => {
  it('counts those without a good token by the address that the proxies tell', async () => {
    const env = { PLANNING_CENTER_RATE_LIMIT: '2', TRUSTED_PROXIES: '1' }
    const own = await startTestApi({ env })
    const call = async (address: string) =>
      (await supertest(own.url).get('/webhooks/v2').set('X-Forwarded-For', address)).status
    expect([await call('198.51.100.1'), await call('198.51.100.1'), await call('198.51.100.1')]).toEqual([
      401, 401, 429,
    ])
    expect(await call('198.51.100.2')).toBe(401)
    await own.close()
  })
})
