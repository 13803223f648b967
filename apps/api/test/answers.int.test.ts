import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const post = (path: string, body: string | object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, { type: 'bearer' }).type('json').send(body)
const subscription = { name: 'CRM', url: 'https://crm.example.com/' }

describe('an answer', () => {
  it('shows a trigger letter for letter as it was posted', async () => {
    const body = `{ "integration_id":${ours},"kind":"order_status","name":"scheduled",\n  "order_id":"A-1","order":{"n":9007199254740993,"x":10.0,"y":1e400, "é":"\\u00fc"} }`
    const { body: made } = await post('/v1/triggers', body)
    const answer = await supertest(api.url)
      .get(`/v1/triggers/${made.id}`)
      .auth(api.tokens.ours, { type: 'bearer' })
    expect(answer.text.endsWith(`,"posted":${body}}`)).toBe(true)
    expect(answer.body).toMatchObject({ id: made.id, posted: { order_id: 'A-1' } })
    expect(answer.headers['content-length']).toBe(String(Buffer.byteLength(answer.text)))
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8')
  })

  it('that carries a secret may not be stored by anybody', async () => {
    const native = await post('/v1/subscriptions', subscription)
    const dialect = await post('/api/v1/webhook_out_subs/create', {
      token: api.tokens.ours,
      integration_id: ours,
      key: 'k',
      name: 'x',
      callback_url: 'https://crm.example.com/',
      version: '3',
    })
    expect([native.status, native.headers['cache-control']]).toEqual([201, 'no-store'])
    expect([dialect.status, dialect.headers['cache-control']]).toEqual([200, 'no-store'])
  })

  it('to an Idempotency-Key that would not be honoured is a refusal', async () => {
    for (const path of [
      '/v1/subscriptions',
      '/v1/deliveries/0190b7c5-1111-7222-8333-444455556666/redeliver',
    ]) {
      const answer = await post(path, subscription).set('Idempotency-Key', 'k-1')
      expect([answer.status, answer.body.code]).toEqual([400, 'idempotency_key_not_supported'])
      expect(answer.body.detail).toContain('Idempotency-Key')
    }
    expect((await post('/v1/triggers', trigger()).set('Idempotency-Key', 'k-1')).status).toBe(202)
  })

  it('to a body that starts with a byte order mark names it', async () => {
    const answer = await post('/v1/triggers', `\ufeff${JSON.stringify(trigger())}`)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_json'])
    expect(answer.body.detail).toContain('byte order mark')
  })

  it('to a batch has at most 100 errors, and says when there are more', async () => {
    const wrong = Array.from({ length: 300 }, () => trigger({ name: 'order.delivred' }))
    const answer = await post('/v1/triggers/batch', { triggers: wrong })
    expect([answer.status, answer.body.code]).toEqual([422, 'validation_failed'])
    expect(answer.body.errors).toHaveLength(100)
    expect(answer.body.detail).toContain('first 100')
  })

  it('to a trigger of more than 256 KiB in a batch names the trigger', async () => {
    const triggers = [trigger(), trigger({ order: { note: 'x'.repeat(262_144) } })]
    const answer = await post('/v1/triggers/batch', { triggers })
    expect([answer.status, answer.body.code]).toEqual([422, 'payload_too_large'])
    expect(answer.body.errors).toMatchObject([{ pointer: '/triggers/1' }])
  })
})
