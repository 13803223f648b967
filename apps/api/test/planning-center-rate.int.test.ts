import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { eventually } from '@waybill/testing'
import supertest from 'supertest'
import { expectErrors, newApplication, root, type Application } from './support/planning-center.ts'
import { startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const get = (by: Application, path = '', at = api) =>
  supertest(at.url)
    .get(root + path)
    .auth(String(by.id), by.token)
type Answer = { headers: Record<string, string> }
const rateOf = ({ headers }: Answer) =>
  ['count', 'limit', 'period'].map((name) => Number(headers[`x-pco-api-request-rate-${name}`]))
const times = async (n: number, call: () => PromiseLike<unknown>) => {
  for (let i = 0; i < n; i += 10)
    await Promise.all(Array.from({ length: Math.min(10, n - i) }, () => Promise.resolve(call())))
}

describe('the rate limit', () => {
  it('X-PCO-API-Request-Rate-Count, -Limit and -Period are on every response', async () => {
    const by = await newApplication(api)
    const scoped = await newApplication(api, { scopes: ['v1'] })
    expect(rateOf(await get(by))).toEqual([1, 100, 20])
    expect(rateOf(await get(by, '/nope'))).toEqual([2, 100, 20])
    expect(rateOf(await get(by).set('X-PCO-API-Version', '1999-01-01'))).toEqual([3, 100, 20])
    for (const answer of [await supertest(api.url).get(root), await get(scoped)])
      expect(rateOf(answer).slice(1)).toEqual([100, 20])
  })

  it('is 100 requests within 20 s; the next is 429 with Retry-After and the documented body', async () => {
    const by = await newApplication(api)
    await times(100, () => get(by, '/me').expect(200))
    const answer = await get(by, '/me')
    expectErrors(answer, 429)
    expect(rateOf(answer)).toEqual([101, 100, 20])
    expect(answer.body).toEqual({
      errors: [{ code: '429', detail: 'Rate limit exceeded: 101 of 100 requests per 20 seconds' }],
    })
    const wait = Number(answer.headers['retry-after'])
    expect(Number.isInteger(wait) && wait >= 1 && wait <= 20).toBe(true)
  })

  it('is each user’s own', async () => {
    const [one, other] = [await newApplication(api), await newApplication(api)]
    await times(5, () => get(one))
    expect(rateOf(await get(other))[0]).toBe(1)
  })

  it('is 75 where the offset is over 30,000', async () => {
    const by = await newApplication(api)
    await times(74, () => get(by, '/available_events?offset=30001').expect(200))
    const last = await get(by, '/available_events?offset=30001')
    expect([last.status, ...rateOf(last)]).toEqual([200, 75, 75, 20])
    const refused = await get(by, '/available_events?offset=30001')
    expectErrors(refused, 429)
    expect(refused.body.errors[0].detail).toBe('Rate limit exceeded: 76 of 75 requests per 20 seconds')
    const near = await get(by, '/available_events?offset=30000')
    expect([near.status, ...rateOf(near)]).toEqual([200, 77, 100, 20])
  })

  it('also holds for those who show no good token', async () => {
    const own = await startTestApi({ env: { PLANNING_CENTER_RATE_LIMIT: '3' } })
    const nobody = () => supertest(own.url).get(root)
    for (let i = 0; i < 3; i += 1) expectErrors(await nobody(), 401)
    expectErrors(await nobody(), 429)
    expect((await get(await newApplication(own), '', own)).status).toBe(200)
    await own.close()
  })

  it('comes from the environment, and begins anew after its period', async () => {
    const env = { PLANNING_CENTER_RATE_LIMIT: '2', PLANNING_CENTER_RATE_PERIOD_MS: '500' }
    const own = await startTestApi({ env })
    const by = await newApplication(own)
    const refused = await eventually(async () => {
      const answers = await Promise.all([1, 2, 3].map(async () => get(by, '', own)))
      const found = answers.find(({ status }) => status === 429)
      if (!found) throw new Error('all were let through')
      return found
    })
    expect(rateOf(refused).slice(1)).toEqual([2, 0.5])
    await eventually(async () => (await get(by, '', own)).status === 200)
    await own.close()
  })
})
