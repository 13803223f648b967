import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken } from '@waybill/db'
import { asIntegrationId } from '@waybill/domain'
import { startSmtp, type TestSmtp } from '@waybill/testing'
import supertest from 'supertest'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let smtp: TestSmtp
beforeAll(async () => {
  smtp = await startSmtp()
  api = await startTestApi({ env: { SMTP_URL: smtp.url } })
})
afterAll(async () => {
  await api.close()
  await smtp.close()
})

const create = '/api/v1/webhook_out_subs/create'
const index = '/api/v1/webhook_jobs/index'
const post = (path: string, body: object) =>
  supertest(api.url)
    .post(path)
    .send({ token: api.tokens.ours, integration_id: ours, ...body })
let keys = 0
const good = (change: object = {}) => ({
  key: `yard-crm-${(keys += 1)}`,
  name: 'Yard CRM',
  callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
  version: '3',
  ...change,
})

describe('webhook_out_subs/create', () => {
  it('makes a subscription of version 3 with all thirteen parameters', async () => {
    const wanted = good({
      events: ['appointment.scheduled', 'delivered'],
      statuses: ['cancelled', 'canceled'],
      notification_emails: 'ops@crm.example.com, dev@crm.example.com',
      success_code: '200',
      payload_render_view: 'default',
      active: false,
      notify: true,
    })
    const answer = await post(create, wanted)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      code: 200,
      status: 'action-successful',
      data: {
        webhook_out_sub: {
          id: expect.any(Number),
          integration_id: ours,
          callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
          events: ['appointment.scheduled', 'order.delivered'],
          statuses: ['cancelled', 'canceled'],
          notification_emails: 'ops@crm.example.com, dev@crm.example.com',
          success_code: '200',
          payload_render_view: 'default',
          active: false,
          notify: true,
          version: '3',
          signing_secret: expect.stringMatching(/^whsec_/),
        },
      },
    })
    const [row] = await api.database.sql`
      SELECT s.profile, s.state, r.url FROM subscriptions s JOIN revisions r ON r.subscription = s.id
      WHERE s.id = ${answer.body.data.webhook_out_sub.id}::int`
    expect(row).toEqual({ profile: 2, state: 3, url: 'https://crm.example.com/hook?k=9&K=%2f%20' })
  })

  it.each(['2', 'v2', 'version_2'])('takes %s as version 2', async (version) => {
    const answer = await post(create, good({ version, statuses: ['scheduled'] }))
    expect(answer.body.data.webhook_out_sub).toMatchObject({
      version: '2',
      statuses: ['scheduled'],
      events: [],
    })
  })

  it('merges the query string under the body', async () => {
    const { key, name, callback_url: url } = good()
    const query = `?token=${api.tokens.ours}&integration_id=${ours}&name=${name}&version=2&statuses[]=hold&statuses[]=ordered&active=false`
    const answer = await supertest(api.url)
      .post(create + query)
      .send({ key, callback_url: url, version: '3' })
    expect(answer.body.data.webhook_out_sub).toMatchObject({
      version: '3',
      statuses: ['hold', 'ordered'],
      active: false,
      name,
    })
    const bare = await supertest(api.url).post(
      `${index}?token=${api.tokens.ours}&integration_id=${ours}&page[size]=1`,
    )
    expect(bare.body.status).toBe('action-successful')
  })

  it.each<[object, string]>([
    [{ token: undefined }, 'token'],
    [{ integration_id: undefined }, 'integration_id'],
    [{ integration_id: '' }, 'integration_id'],
    [{ token: ' ' }, 'token'],
    [{ integration_id: ' ' }, 'integration_id'],
    [{ key: undefined }, 'key'],
    [{ key: '' }, 'key'],
    [{ name: null }, 'name'],
    [{ callback_url: undefined }, 'callback_url'],
    [{ version: undefined }, 'version'],
  ])('answers missing-param to %j', async (change, attr) => {
    const answer = await post(create, good(change))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({
      code: 400,
      status: 'missing-param',
      errors: [{ attr, message: 'missing' }],
    })
    expect(answer.body.errors).toHaveLength(1)
  })

  it.each<[object, string]>([
    [{ integration_id: theirs }, 'integration_id'],
    [{ integration_id: 'x' }, 'integration_id'],
    [{ integration_id: 1.5 }, 'integration_id'],
    [{ integration_id: -1 }, 'integration_id'],
    [{ key: 5 }, 'key'],
    [{ name: 'x'.repeat(256) }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ callback_url: 'ftp://x' }, 'callback_url'],
    [{ callback_url: 'http://127.0.0.1/' }, 'callback_url'],
    [{ statuses: ['nope'] }, 'statuses.0'],
    [{ statuses: 'hold' }, 'statuses'],
    [{ events: ['order.delivered', 'nope'] }, 'events.1'],
    [{ events: [5] }, 'events.0'],
    [{ notification_emails: 'not an address' }, 'notification_emails'],
    [{ success_code: 'yes' }, 'success_code'],
    [{ payload_render_view: 'nope' }, 'payload_render_view'],
    [{ active: 'maybe' }, 'active'],
    [{ notify: 5 }, 'notify'],
    [{ version: '4' }, 'version'],
    [{ notify: true }, 'notification_emails'],
    [{ notify: true, notification_emails: 5 }, 'notification_emails'],
    [{ notify: true, notification_emails: ['ops@example.com'] }, 'notification_emails'],
    [{ token: 5 }, 'token'],
  ])('answers invalid-param to %j', async (change, attr) => {
    const answer = await post(create, good(change))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 400, status: 'invalid-param', errors: [{ attr }] })
    expect(answer.body.errors).toHaveLength(1)
  })

  it('answers invalid-param to a taken key and to an integration that is not there', async () => {
    const wanted = good()
    await post(create, wanted)
    expect((await post(create, wanted)).body.errors).toEqual([{ attr: 'key', message: 'taken' }])
    const { token } = await createToken(api.database.orm, 'early', [asIntegrationId(777)])
    const early = await post(create, good({ token, integration_id: 777 }))
    expect(early.body).toMatchObject({ status: 'invalid-param', errors: [{ attr: 'integration_id' }] })
  })
})

describe('the dialect', () => {
  it('answers invalid-token', async () => {
    for (const token of ['wbt_nope', 'x'.repeat(300)]) {
      const answer = await post(index, { token })
      expect([answer.status, answer.body.status]).toEqual([401, 'invalid-token'])
    }
  })

  it.each<[string, string, string, number, string]>([
    ['text/plain', 'x', index, 400, 'invalid-content-type'],
    ['application/json; charset=utf-16', '{}', index, 400, 'invalid-content-type'],
    ['application/json', '{', index, 400, 'invalid-encoded-params'],
    ['application/json', '[]', index, 400, 'no-params-decoded'],
    ['application/json', '{"__proto__":1}', index, 400, 'invalid-param'],
    ['application/json', '{}', '/api/v1/nope', 500, 'route-non-existent'],
  ])('answers %s %s on %s with %i %s', async (type, body, path, code, status) => {
    const answer = await supertest(api.url)
      .post(path)
      .set('Content-Type', type)
      .serialize((raw: string) => raw)
      .send(body)
    expect([answer.status, answer.body.code, answer.body.status]).toEqual([code, code, status])
  })

  it('knows no GET', async () => {
    expect((await supertest(api.url).get(index)).body.status).toBe('route-non-existent')
  })

  it('answers application-crash to a bug, without telling where', async () => {
    await api.database.sql`ALTER TABLE deliveries RENAME COLUMN last_code TO last_code_`
    const answer = await post(index, {})
    await api.database.sql`ALTER TABLE deliveries RENAME COLUMN last_code_ TO last_code`
    expect([answer.status, answer.body.status]).toEqual([500, 'application-crash'])
    expect(answer.text).not.toMatch(/err|column|\.ts/)
    expect(answer.body.message).not.toMatch(/narrow/i)
    expect(api.log.filter((line) => line.includes('request.failed'))).toEqual([
      expect.stringContaining('"level":"error"'),
    ])
  })
})
