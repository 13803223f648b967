import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const index = '/api/v1/webhook_jobs/index'
const ask = (token: string) => supertest(api.url).post(index).send({ token, integration_id: ours })

describe('a request to the PlanOmatic dialect', () => {
  it('with a Content-Encoding or a byte order mark hears about it', async () => {
    const packed = await ask(api.tokens.ours).set('Content-Encoding', 'gzip')
    expect([packed.status, packed.body.status]).toEqual([400, 'invalid-content-type'])
    expect(packed.body.errors).toMatchObject([
      { attr: 'content-encoding', message: expect.stringContaining('Content-Encoding') },
    ])
    const marked = await supertest(api.url).post(index).type('json').send('\ufeff{}')
    expect([marked.status, marked.body.status]).toEqual([400, 'invalid-encoded-params'])
    expect(marked.body.errors).toMatchObject([{ message: expect.stringContaining('byte order mark') }])
  })

  it.each(['a.', 'filters.', 'page[', 'statuses.0.'])(
    'with a parameter of thousands of steps is answered like any other: %s',
    async (step) => {
      const name = step.repeat(Math.floor(15_000 / step.length))
      const query = `?token=${api.tokens.ours}&integration_id=${ours}&${name}a=1`
      const answer = await fetch(api.url + index + query, { method: 'POST' })
      expect([200, 400]).toContain(answer.status)
    },
  )

  it.each([
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/json',
    'application/octet-stream',
  ])('with a body of nothing has none, though it is declared as %s', async (type) => {
    const query = `?token=${api.tokens.ours}&integration_id=${ours}`
    const answer = await fetch(api.url + index + query, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '',
    })
    expect([answer.status, await answer.json()]).toMatchObject([200, { status: 'action-successful' }])
  })

  it('with a body of nothing where its parameters are sensitive hears that there are none', async () => {
    const answer = await supertest(api.url).post('/api/v1/sessions/create').type('text/plain').send('')
    expect([answer.status, answer.body.status]).toEqual([400, 'no-params-decoded'])
  })

  it('with a malformed path or too many headers is answered in its own shape', async () => {
    for (const path of ['/api/v1/%E0%A4%A', '/api/v1/webhook_jobs/%']) {
      const answer = await fetch(api.url + path, { method: 'POST' })
      expect(await answer.json()).toEqual({
        code: 500,
        status: 'route-non-existent',
        message: expect.any(String),
      })
      expect(answer.status).toBe(500)
    }
    const headers = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`X-${i}`, '1']))
    const answer = await ask(api.tokens.ours).set(headers)
    expect([answer.status, answer.body.code, answer.body.status]).toEqual([400, 400, 'invalid-param'])
    expect(answer.body.errors).toMatchObject([{ attr: 'headers' }])
  })

  it('is limited after twenty bad tokens in a minute from one address, here or on /v1', async () => {
    expect((await ask(api.tokens.ours)).status).toBe(200)
    const statuses = []
    for (let i = 0; i < 20; i += 1)
      statuses.push((await ask(`${i % 2 === 0 ? 'wbt' : 'wbs'}_guess-${i}`)).status)
    expect(new Set(statuses)).toEqual(new Set([401]))
    const refused = await ask('wbt_guess')
    expect(refused.status).toBe(429)
    expect(refused.body).toEqual({
      code: 429,
      status: 'invalid-token',
      message: expect.stringContaining('Too many'),
    })
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
    const native = await supertest(api.url).get('/v1/subscriptions').auth('wbt_guess-x', { type: 'bearer' })
    expect([native.status, native.body.code]).toEqual([429, 'too_many_bad_tokens'])
    expect((await ask(api.tokens.ours)).status).toBe(200)
  })
})
