import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createToken } from '@waybill/db'
import supertest from 'supertest'
import { seedDelivery } from './support/seed-delivery.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

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
  ])('answers invalid-param to %j', async (change, attr) => {
    const answer = await post(create, good(change))
    expect(answer.status).toBe(400)
    expect(answer.body).toMatchObject({ code: 400, status: 'invalid-param', errors: [{ attr }] })
  })

  it('answers invalid-param to a taken key and to an integration that is not there', async () => {
    const wanted = good()
    await post(create, wanted)
    expect((await post(create, wanted)).body.errors).toEqual([{ attr: 'key', message: 'taken' }])
    const { token } = await createToken(api.database.orm, 'early', [777])
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
    await api.database.sql`ALTER TABLE deliveries RENAME COLUMN err TO err_`
    const answer = await post(index, {})
    await api.database.sql`ALTER TABLE deliveries RENAME COLUMN err_ TO err`
    expect([answer.status, answer.body.status]).toEqual([500, 'application-crash'])
    expect(answer.text).not.toMatch(/err|column|\.ts/)
  })
})

describe('webhook_jobs/index', () => {
  let ids: number[]
  beforeAll(async () => {
    const accept = async (change: object) => {
      const { body } = await supertest(api.url)
        .post('/v1/triggers')
        .auth(api.tokens.ours, { type: 'bearer' })
        .send(trigger(change))
      return api.deps.publicIds.decode('trigger', body.id) as number
    }
    const { body } = await post(create, good({ name: 'Jobs' }))
    const subscription = body.data.webhook_out_sub.id as number
    const event = await accept({
      order: { order_status: 'scheduled', property: { address: '9 Elm Rd, Boulder' } },
    })
    const status = await accept({ kind: 'order_status', name: 'hold', order_id: 'A-7', order: {} })
    const base = { integration: ours, subscription, profile: 'planomatic-v3' } as const
    const at = (minute: number) => new Date(Date.UTC(2025, 2, 1, 12, minute))
    ids = [
      await seedDelivery(api.database, {
        ...base,
        trigger: event,
        code: 502,
        sentAt: at(3),
        status: 'failed',
      }),
      await seedDelivery(api.database, { ...base, trigger: event, code: 200, sentAt: at(1) }),
      await seedDelivery(api.database, {
        ...base,
        profile: 'planomatic-v2',
        trigger: status,
        eventId: 6,
        code: 500,
        sentAt: at(2),
      }),
    ]
    await seedDelivery(api.database, { ...base, profile: 'standard', trigger: event })
    await seedDelivery(api.database, { ...base, integration: theirs, trigger: event })
  })
  const rows = (answer: { body: { data: { results: { id: number }[] } } }) =>
    answer.body.data.results.map((row) => ids.indexOf(row.id))

  it('lists jobs of both versions, the last sent first', async () => {
    const answer = await post(index, { view: 'planointegrate_view' })
    expect(answer.body.data.count).toBeUndefined()
    expect(rows(answer)).toEqual([0, 2, 1])
    expect(answer.body.data.results[0]).toEqual({
      id: ids[0],
      webhook_out_sub_id: expect.any(Number),
      webhook_subscriber: 'Jobs',
      callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
      order_id: 40017,
      address: '9 Elm Rd, Boulder',
      event: 'order.delivered',
      event_type: 'delivered',
      status: 'scheduled',
      status_code: 502,
      attempts: 1,
      created_at: expect.any(String),
      last_sent_at: '2025-03-01T12:03:00.000Z',
    })
    expect(answer.body.data.results[1]).toMatchObject({
      order_id: 'A-7',
      event: null,
      event_type: null,
      status: 'hold',
    })
  })

  it('filters, sorts, pages and counts', async () => {
    const filtered = await post(index, { filters: { status_code: [500, '502'] }, count: true })
    expect(rows(filtered)).toEqual([0, 2])
    expect(filtered.body.data.count).toBe(2)
    expect(rows(await post(index, { sort: { by: 'status_code' } }))).toEqual([1, 2, 0])
    expect(rows(await post(index, { sort: { by: 'status_code', order: 'desc' } }))).toEqual([0, 2, 1])
    expect(rows(await post(index, { sort: { by: 'event_type', order: 'asc' } }))).toEqual([2, 0, 1])
    const page = await post(index, { page: { size: '2', number: 2 }, count: 'true' })
    expect(rows(page)).toEqual([1])
    expect(page.body.data.count).toBe(3)
  })

  it.each<[object, string]>([
    [{ page: { size: 0 } }, 'page.size'],
    [{ page: { size: 101 } }, 'page.size'],
    [{ page: { number: 0 } }, 'page.number'],
    [{ page: { size: 'x' } }, 'page.size'],
    [{ page: 5 }, 'page'],
    [{ sort: { by: 'id' } }, 'sort.by'],
    [{ sort: { order: 'up' } }, 'sort.order'],
    [{ sort: { way: 'up' } }, 'sort.way'],
    [{ count: 'x' }, 'count'],
    [{ view: 'nope' }, 'view'],
    [{ filters: { status_code: ['x'] } }, 'filters.status_code.0'],
    [{ filters: { status_code: 500 } }, 'filters.status_code'],
    [{ filters: { nope: 1 } }, 'filters.nope'],
    [{ filters: { event_type: ['scheduled'] } }, 'filters.event_type'],
    [{ search: { term: 'elm' } }, 'search'],
    [{ integration_id: theirs }, 'integration_id'],
  ])('answers invalid-param to %j', async (change, attr) => {
    const answer = await post(index, change)
    expect(answer.body).toMatchObject({ code: 400, status: 'invalid-param' })
    expect(answer.body.errors.map((error: { attr: string }) => error.attr)).toContain(attr)
  })
})
