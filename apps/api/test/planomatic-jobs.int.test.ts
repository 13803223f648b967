import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { seedDelivery } from './support/seed-delivery.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const index = '/api/v1/webhook_jobs/index'
const post = (path: string, body: object) =>
  supertest(api.url)
    .post(path)
    .send({ token: api.tokens.ours, integration_id: ours, ...body })

describe('webhook_jobs/index', () => {
  let ids: number[]
  beforeAll(async () => {
    const accept = async (change: Record<string, unknown>) => {
      const { body } = await supertest(api.url)
        .post('/v1/triggers')
        .auth(api.tokens.ours, { type: 'bearer' })
        .send(trigger(change))
      return api.deps.publicIds.decode('trigger', body.id) as number
    }
    const { body } = await post('/api/v1/webhook_out_subs/create', {
      key: 'jobs',
      name: 'Jobs',
      callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
      version: '3',
    })
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
