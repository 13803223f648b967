import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { revokeToken } from '@waybill/db'
import { request } from 'node:http'
import supertest from 'supertest'
import {
  eventName,
  expectDocument,
  expectErrors,
  hook,
  newApplication,
  root,
  startPlanningCenter,
  type PlanningCenter,
} from './support/planning-center.ts'
import { startTestApi } from './support/start-test-api.ts'

let pco: PlanningCenter
beforeAll(async () => {
  pco = await startPlanningCenter()
})
afterAll(() => pco.close())

const basic = (id: string, token: string) => `Basic ${Buffer.from(`${id}:${token}`).toString('base64')}`
const withHeader = (authorization: string) => supertest(pco.api.url).get(root).set({ authorization })

describe('authentication', () => {
  it('takes HTTP Basic with the application’s id and token, and says so in X-PCO-API-Auth-Method', async () => {
    const { id, token } = pco.application
    const answer = await withHeader(basic(String(id), token))
    expectDocument(answer, 'one Organization')
    expect(answer.headers['x-pco-api-auth-method']).toBe('HTTPBasic')
  })

  it('takes the token as Authorization: Bearer, and says so in X-PCO-API-Auth-Method', async () => {
    const answer = await withHeader(`Bearer ${pco.application.token}`)
    expectDocument(answer, 'one Organization')
    expect(answer.headers['x-pco-api-auth-method']).toBe('OAuth2')
  })

  it.each<[string, () => string | undefined]>([
    ['no Authorization', () => undefined],
    ['an empty one', () => ''],
    ['another scheme', () => `Digest ${pco.application.token}`],
    ['no base64', () => 'Basic ??'],
    ['no colon', () => `Basic ${Buffer.from(pco.application.token).toString('base64')}`],
    ['the token as the user', () => basic(pco.application.token, pco.application.token)],
    ['no id', () => basic('', pco.application.token)],
    ['another spelling of the id', () => basic(`0${pco.application.id}`, pco.application.token)],
    ['no token', () => basic(String(pco.application.id), '')],
    ['something that is no token', () => basic(String(pco.application.id), 'secret')],
    ['another application’s id', () => basic(String(pco.application.id + 1), pco.application.token)],
    ['an unknown token', () => basic(String(pco.application.id), 'wbt_nope')],
    ['an unknown bearer token', () => 'Bearer wbt_nope'],
  ])('refuses %s with 401', async (_what, authorization) => {
    const header = authorization()
    const answer = await (header === undefined ? supertest(pco.api.url).get(root) : withHeader(header))
    expectErrors(answer, 401)
    expect(answer.headers['www-authenticate']).toBe('Basic realm="waybill", Bearer realm="waybill"')
    expect(answer.headers['x-pco-api-auth-method']).toBeUndefined()
  })

  it('refuses a revoked token with 401', async () => {
    const revoked = await newApplication(pco.api)
    await revokeToken(pco.api.database.orm, revoked.id)
    expectErrors(await pco.call('get', '', revoked), 401)
  })

  it('refuses a token without the scope planning-center with 403', async () => {
    const scoped = await newApplication(pco.api, { scopes: ['v1', 'nursa'] })
    expectErrors(await pco.call('get', '', scoped), 403)
    expect(
      (await pco.call('get', '', await newApplication(pco.api, { scopes: ['planning-center'] }))).status,
    ).toBe(200)
  })

  it('refuses an unknown path with 401 before 404', async () => {
    expectErrors(await supertest(pco.api.url).get(`${root}/nope`), 401)
  })

  it('answers 429 with Retry-After to too many bad tokens of an address, and known good ones still work', async () => {
    const own = await startPlanningCenter()
    expect((await own.call('get', '')).status).toBe(200)
    const bad = () => own.call('get', '', { id: own.application.id, token: 'wbt_guess' })
    for (let i = 0; i < 20; i += 1) expectErrors(await bad(), 401)
    const refused = await bad()
    expectErrors(refused, 429)
    expect(refused.headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect((await own.call('get', '')).status).toBe(200)
    await own.close()
  })
})

describe('paths and methods', () => {
  it.each<['get' | 'post' | 'patch' | 'delete' | 'put' | 'options', string]>([
    ['get', '/nope'],
    ['get', '/webhook_subscriptions/1/nope'],
    ['post', ''],
    ['put', '/webhook_subscriptions/1'],
    ['patch', '/webhook_subscriptions'],
    ['get', '/webhook_subscriptions/1/rotate_secret'],
    ['get', '/webhook_subscriptions/1/events/1/ignore'],
    ['delete', '/webhook_subscriptions/1/events/1'],
    ['post', '/webhook_subscriptions/1/events/1/deliveries'],
    ['options', ''],
    ['get', '/webhook_subscriptions/%E0%A4%A'],
    ['get', '/webhook_subscriptions/1/events/%zz'],
  ])('%s %s is 404', async (method, path) => {
    const answer = await pco.call(method, path)
    expectErrors(answer, 404)
    expect(answer.body).toEqual({
      errors: [
        { status: '404', title: 'Not Found', detail: 'The resource you requested could not be found' },
      ],
    })
  })

  it('HEAD answers like GET, without the body', async () => {
    const answer = await pco.call('head', '/available_events')
    expect([answer.status, answer.headers['content-type'], answer.text]).toEqual([
      200,
      'application/vnd.api+json; charset=utf-8',
      undefined,
    ])
  })

  it('X-Request-Id is the caller’s, or one of ours', async () => {
    expect((await pco.call('get', '').set('X-Request-Id', 'mine-1')).headers['x-request-id']).toBe('mine-1')
    expect((await pco.call('get', '/nope')).headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('refuses more than 100 headers with 431', async () => {
    const headers = Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`x-${i}`, '1']))
    expectErrors(await pco.call('get', '').set(headers), 431)
  })
})

describe('request bodies', () => {
  const attributes = { name: eventName, url: hook }
  const send = (body: string, type = 'application/json') =>
    pco
      .call('post', '/webhook_subscriptions')
      .set('Content-Type', type)
      .serialize((raw: string) => raw)
      .send(body)

  it.each(['application/json', 'application/vnd.api+json', 'application/vnd.api+json; charset=utf-8'])(
    'come as %s',
    async (type) => {
      expectDocument(
        await send(JSON.stringify({ data: { attributes } }), type),
        'one WebhookSubscription',
        201,
      )
    },
  )

  it('may come without a Content-Type', async () => {
    const body = JSON.stringify({ data: { attributes } })
    const { id, token } = pco.application
    const status = await new Promise((resolve) => {
      const headers = { authorization: basic(String(id), token), 'content-length': String(body.length) }
      const call = request(`${pco.api.url}${root}/subscriptions`, { method: 'POST', headers }, (answer) => {
        answer.resume()
        resolve(answer.statusCode)
      })
      call.end(body)
    })
    expect(status).toBe(201)
  })

  it('without a data key are 400 invalid_resource_payload', async () => {
    const answer = await send('{"attributes":{}}')
    expectErrors(answer, 400)
    expect(answer.body.errors).toEqual([
      {
        status: '400',
        title: 'Bad Request',
        code: 'invalid_resource_payload',
        detail: "The payload given does not contain a 'data' key.",
      },
    ])
  })

  it.each([
    '',
    '{',
    '[]',
    '"x"',
    'null',
    '{"data":null}',
    '{"data":[]}',
    '{"data":"x"}',
    '{"data":{"type":"Person"}}',
    '{"data":{"type":5}}',
    '{"data":{"type":{"toString":1}}}',
    '{"data":{"type":[{"toString":1}]}}',
    '{"data":{"attributes":[]}}',
    '{"data":{"attributes":"x"}}',
    '['.repeat(5_000),
    `{"data":${'{"a":'.repeat(60)}1${'}'.repeat(60)}}`,
  ])('that say nothing of a resource are 400 invalid_resource_payload (%#)', async (body) => {
    const answer = await send(body)
    expectErrors(answer, 400)
    expect(answer.body.errors[0].code).toBe('invalid_resource_payload')
  })

  it.each<[string, string, number]>([
    ['text/plain', '{}', 415],
    ['application/x-www-form-urlencoded', 'data=1', 415],
    ['application/json; charset=utf-16', '{}', 415],
    ['application/json', '{"data":{"attributes":{"name":"a\\u0000"}}}', 422],
    ['application/json', '{"data":{"__proto__":{}}}', 422],
    ['application/json', `{"data":"${'x'.repeat(300_000)}"}`, 413],
  ])('of %s that hold no fit JSON are refused (%#)', async (type, body, status) => {
    const answer = await send(body, type)
    expectErrors(answer, status)
    if (status === 422) expect(answer.body.errors[0]).toHaveProperty('source.parameter')
  })

  it('are not needed by actions', async () => {
    const id = await pco.subscribe()
    const event = await pco.seed(id, 'failed')
    const path = `/subscriptions/${id}/events/${event}/ignore`
    expectDocument(await pco.call('post', path).set('Content-Type', 'text/plain').send('x'), 'one Event')
  })
})

describe('what breaks on our side', () => {
  it('is 500 without telling where', async () => {
    const id = await pco.subscribe()
    const { sql } = pco.api.database
    await sql`UPDATE secrets SET ciphertext = '\\x00' WHERE subscription = ${id}::int`
    const answer = await pco.call('get', `/subscriptions/${id}`)
    expectErrors(answer, 500)
    expect(answer.text).not.toMatch(/cipher|secret|\.ts/)
  })

  it('is 503 with Retry-After while the database is away', async () => {
    const away = await startTestApi({ route: () => 'postgresql://postgres@127.0.0.1:1/none' })
    const answer = await supertest(away.url).get(root).auth(away.tokens.ours, { type: 'bearer' })
    expectErrors(answer, 503)
    expect(answer.headers['retry-after']).toBe('1')
    await away.close()
  })
})
