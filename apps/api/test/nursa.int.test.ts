import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken } from '@waybill/db'
import { eventually, startProxy, type Proxy } from '@waybill/testing'
import supertest from 'supertest'
import { nursaFaults } from './support/nursa-schemas.ts'
import { ours, startApiOn, startTestApi, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let proxy: Proxy
beforeAll(async () => {
  proxy = await startProxy()
  api = await startTestApi({ route: proxy.route, env: { TOKEN_CACHE_MS: '600000' } })
})
afterAll(async () => {
  await api.close()
  await proxy.close()
})

const logs = '/api/v2/public/webhooks/logs'
const routes: ['get' | 'post' | 'patch' | 'delete', string][] = [
  ['get', '/webhooks/logs'],
  ['get', '/webhooks/facility'],
  ['post', '/webhooks/facility'],
  ['patch', '/webhooks/facility/x'],
  ['delete', '/webhooks/facility/x'],
  ['get', '/webhooks/user'],
  ['post', '/webhooks/user'],
  ['patch', '/webhooks/user/x'],
  ['delete', '/webhooks/user/x'],
]
const send = (method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
  supertest(api.url)[method](`/api/v2/public${path}`)

describe('who may call the Nursa API', () => {
  it.each(routes)(
    '401 for %s %s without a token, with a bad one, and with one in another scheme',
    async (method, path) => {
      for (const header of [undefined, 'Bearer wbt_nope', 'Bearer eyJhbGciOi', `Basic ${api.tokens.ours}`]) {
        const request = send(method, path)
        const answer = await (header === undefined ? request : request.set('Authorization', header))
        expect([answer.status, nursaFaults('unauthorized', answer.body)]).toEqual([401, []])
        expect(answer.headers['www-authenticate']).toBe('Bearer realm="waybill"')
        if (header === 'Bearer wbt_nope') break
      }
    },
  )

  it.each(routes)('403 for %s %s with a token that may call other APIs only', async (method, path) => {
    const { token } = await createToken(api.database.orm, 'other', [ours], { scopes: ['v1', 'planomatic'] })
    const answer = await send(method, path).auth(token, { type: 'bearer' })
    expect([answer.status, nursaFaults('forbidden', answer.body)]).toEqual([403, []])
  })

  it('lets in a token whose scopes have nursa', async () => {
    const { token } = await createToken(api.database.orm, 'nursa', [ours], { scopes: ['nursa'] })
    expect((await send('get', '/webhooks/logs').auth(token, { type: 'bearer' })).status).toBe(201)
  })

  it('429 with Retry-After after too many bad tokens from an address, for bad tokens alone', async () => {
    const good = () => send('get', '/webhooks/logs').auth(api.tokens.ours, { type: 'bearer' })
    const bad = () => send('get', '/webhooks/logs').auth('wbt_flood', { type: 'bearer' })
    expect((await good()).status).toBe(201)
    const answer = await eventually(async () => {
      const one = await bad()
      return one.status === 429 ? one : undefined
    })
    expect(nursaFaults('tooManyRequests', answer?.body)).toEqual([])
    expect(Number(answer?.headers['retry-after'])).toBeGreaterThan(0)
    expect((await good()).status).toBe(201)
  })
})

describe('what is no route of the Nursa API', () => {
  it.each<[string, string]>([
    ['GET', '/api/v2/public'],
    ['GET', '/api/v2/public/webhooks'],
    ['POST', logs],
    ['PUT', '/api/v2/public/webhooks/facility'],
    ['GET', '/api/v2/public/webhooks/facility/x'],
    ['GET', '/api/v2/public/nope?a=1'],
    ['DELETE', '/api/v2/public/webhooks/facility/%zz'],
    ['GET', '/api/v2/public/%E0%A4%A'],
  ])('404 Cannot %s %s', async (method, path) => {
    const answer = await fetch(`${api.url}${path}`, { method })
    const body = (await answer.json()) as { message: string }
    expect([answer.status, nursaFaults('noRoute', body)]).toEqual([404, []])
    expect(body.message).toBe(`Cannot ${method} ${path}`)
  })

  it('431 for too many headers, in the words of this API', async () => {
    const request = send('get', '/webhooks/logs')
    for (let i = 0; i < 120; i += 1) void request.set(`x-${i}`, 'x')
    const answer = await request
    expect(answer.body).toEqual({
      message: 'Too many headers',
      error: 'Request Header Fields Too Large',
      statusCode: 431,
    })
  })
})

describe('when something is wrong on our side', () => {
  it('500 tells nothing but that', async () => {
    const call = (method: 'get' | 'post') =>
      send(method, '/webhooks/user').auth(api.tokens.ours, { type: 'bearer' })
    await call('post').send({ url: 'https://clinic.example.com/', events: ['all'] })
    await api.database.sql`UPDATE secrets SET ciphertext = ${Buffer.alloc(60)}`
    const answer = await call('get')
    expect([answer.status, answer.text]).toEqual([
      500,
      '{"statusCode":500,"message":"Internal server error"}',
    ])
    expect(nursaFaults('crash', answer.body)).toEqual([])
    expect(api.log.join('')).toContain('request.failed')
  })

  it('503 with Retry-After while the database hangs, and when it was never there', async () => {
    proxy.hang()
    for (const path of ['/webhooks/logs', '/webhooks/facility']) {
      const answer = await send('get', path).auth(api.tokens.ours, { type: 'bearer' })
      expect([answer.status, nursaFaults('unavailable', answer.body)]).toEqual([503, []])
      expect(answer.headers['retry-after']).toBe('1')
    }
    proxy.resume()
    await eventually(
      async () =>
        (await send('get', '/webhooks/logs').auth(api.tokens.ours, { type: 'bearer' })).status === 201,
    )
    const away = await startApiOn('postgres://nobody@127.0.0.1:1/none')
    try {
      const answer = await supertest(away.url).get(logs).auth('wbt_x', { type: 'bearer' })
      expect([answer.status, nursaFaults('unavailable', answer.body)]).toEqual([503, []])
    } finally {
      await away.close()
    }
  })
})
