import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asTriggerId } from '@waybill/domain'
import supertest from 'supertest'
import { nativeRoutes } from '../src/routes.ts'
import { seedDelivery } from './support/seed-delivery.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
let subscription: { id: string; key: string }
let triggerUuid: string
const deliveries: string[] = []

const get = (path: string, token = api.tokens.ours) =>
  supertest(api.url).get(path).auth(token, { type: 'bearer' })
const post = (path: string, body: object = {}, token = api.tokens.ours) =>
  supertest(api.url).post(path).auth(token, { type: 'bearer' }).send(body)
const number = (kind: 'trigger' | 'subscription' | 'delivery', uuid: string) =>
  api.deps.publicIds.decode(kind, uuid) as number

beforeAll(async () => {
  api = await startTestApi()
  subscription = (await post('/v1/subscriptions', { name: 'CRM', url: 'https://crm.example.com/' })).body
  triggerUuid = (await post('/v1/triggers', trigger())).body.id
  const base = {
    integration: ours,
    trigger: number('trigger', triggerUuid),
    subscription: number('subscription', subscription.id),
    profile: 'standard',
  } as const
  const seeds = [
    { status: 'delivered', code: 200 },
    { status: 'failed', code: 500, body: Buffer.alloc(16_384, 'x') },
    { status: 'failed', code: null, eventId: 16, body: Buffer.from([0xff]) },
  ] as const
  for (const seed of seeds)
    deliveries.push(
      api.deps.publicIds.encode('delivery', await seedDelivery(api.database, { ...base, ...seed })),
    )
})
afterAll(() => api.close())

describe('GET /v1/triggers/{id}', () => {
  it('says that a trigger is accepted while its batch is open, and what was posted', async () => {
    const posted = trigger({ order: { a: [1, 'x'] } })
    const { body } = await post('/v1/triggers', posted)
    const answer = await get(`/v1/triggers/${body.id}`)
    expect(answer.status).toBe(200)
    expect(answer.body).toMatchObject({
      id: body.id,
      integration_id: ours,
      kind: 'order_event',
      name: 'order.delivered',
      order_id: '40017',
      state: 'accepted',
      accepted_at: body.accepted_at,
      matched: 0,
      deliveries: [],
      posted,
    })
    const id = number('trigger', body.id)
    await api.database.sql`UPDATE batches SET quarantined_at = now() WHERE id = ${id}::bigint`
    expect((await get(`/v1/triggers/${body.id}`)).body.state).toBe('quarantined')
    await api.database.sql`DELETE FROM batches WHERE id = ${id}::bigint`
    expect((await get(`/v1/triggers/${body.id}`)).body).toMatchObject({
      state: 'fanned_out',
      matched: 0,
      note: expect.stringContaining('No subscription matched'),
    })
  })

  it('tells every delivery and attempt', async () => {
    const answer = await get(`/v1/triggers/${triggerUuid}`)
    expect(answer.body).toMatchObject({ state: 'fanned_out', matched: 3, matched_more: null })
    expect(answer.body.deliveries[1]).toMatchObject({
      id: deliveries[1],
      subscription: { id: subscription.id, key: subscription.key, name: 'CRM' },
      status: 'failed',
      event: 'order.delivered',
      attempt_count: 1,
      next_attempt_at: null,
      attempts: [
        {
          id: expect.stringMatching(/^\d+$/),
          n: 1,
          duration_ms: 12,
          response_status: 500,
          error: null,
          response_body: { text: 'x'.repeat(16_384), truncated: true },
        },
      ],
    })
    expect(answer.body.deliveries[2].attempts[0].response_body).toEqual({ text: '\ufffd', truncated: false })
  })
})

describe('GET /v1/deliveries', () => {
  it.each<[string, () => string, number[]]>([
    ['nothing', () => '', [2, 1, 0]],
    ['a status', () => 'status=failed', [2, 1]],
    ['statuses', () => 'status=failed,delivered', [2, 1, 0]],
    ['a subscription', () => `subscription_id=${subscription.id}`, [2, 1, 0]],
    ['an unknown subscription', () => `subscription_id=${deliveries[0]}`, []],
    ['a trigger', () => `trigger_id=${triggerUuid}`, [2, 1, 0]],
    ['an event', () => 'event=order.delivered', [1, 0]],
    ['an event of a dialect', () => 'event=order.status.scheduled', [2]],
    ['an answer', () => 'response_status=500', [1]],
    ['an order', () => 'order_id=40017', [2, 1, 0]],
    ['another order', () => 'order_id=1', []],
    ['a time', () => 'created_after=2020-01-01T00:00:00Z&created_before=2999-01-01T00:00:00Z', [2, 1, 0]],
    ['a time before the year 10000', () => 'created_before=9999-12-31T23:59:59-23:59', [2, 1, 0]],
    ['a time after the year 9999', () => 'created_after=9999-12-31T23:59:59-23:59', []],
    ['a past time', () => 'created_before=2020-01-01T00:00:00Z', []],
  ])('filters by %s', async (_what, query, expected) => {
    const answer = await get(`/v1/deliveries?${query()}`)
    expect(answer.status).toBe(200)
    expect(answer.body.data.map((one: { id: string }) => one.id)).toEqual(expected.map((i) => deliveries[i]))
  })

  it('pages by cursor', async () => {
    const first = await get('/v1/deliveries?limit=2&order_id=40017')
    expect(first.body.data).toHaveLength(2)
    const link = /<(.*)>; rel="next"/.exec(first.headers['link'] ?? '')?.[1] ?? ''
    const second = await get(link)
    expect(second.body).toMatchObject({ data: [{ id: deliveries[0] }], next: null })
    expect(second.headers['link']).toBeUndefined()
  })

  it.each([
    ['limit=0', 'invalid_parameter'],
    ['limit=-1', 'invalid_parameter'],
    ['limit=1e3', 'invalid_parameter'],
    ['limit=abc', 'invalid_parameter'],
    ['limit=101', 'invalid_parameter'],
    ['limit=', 'invalid_parameter'],
    ['limit=1&limit=2', 'duplicate_parameter'],
    ['limit[$gt]=1', 'invalid_parameter'],
    ['cursor=x', 'invalid_parameter'],
    ['status=gone', 'invalid_parameter'],
    ['event=nope', 'invalid_parameter'],
    ['subscription_id=5', 'invalid_parameter'],
    ['response_status=99', 'invalid_parameter'],
    ['created_after=yesterday', 'invalid_parameter'],
    ['order_id=%00', 'invalid_parameter'],
    ['created_after=2025-01-02T00:00:00Z&created_before=2025-01-01T00:00:00Z', 'invalid_range'],
  ])('refuses ?%s', async (query, code) => {
    const answer = await get(`/v1/deliveries?${query}`)
    expect([answer.status, answer.body.code]).toEqual([400, code])
  })
})

describe('a delivery', () => {
  it('is read with its attempts', async () => {
    const answer = await get(`/v1/deliveries/${deliveries[0]}`)
    expect(answer.body).toMatchObject({
      id: deliveries[0],
      status: 'delivered',
      attempts: [{ n: 1, response_status: 200 }],
    })
  })

  it('is sent again: pending, due now', async () => {
    const answer = await post(`/v1/deliveries/${deliveries[1]}/redeliver`)
    expect(answer.status).toBe(202)
    expect(answer.body).toMatchObject({
      id: deliveries[1],
      status: 'pending',
      next_attempt_at: expect.any(String),
    })
    const [lane] = await api.database.sql`SELECT next_due_at <= now() AS due FROM lanes`
    expect(lane?.['due']).toBe(true)
  })

  it('is not sent again to a deleted subscription', async () => {
    const gone = (await post('/v1/subscriptions', { name: 'gone', url: 'https://gone.example.com/' })).body
    const id = await seedDelivery(api.database, {
      integration: ours,
      trigger: number('trigger', triggerUuid),
      subscription: number('subscription', gone.id),
      profile: 'standard',
    })
    await supertest(api.url).delete(`/v1/subscriptions/${gone.id}`).auth(api.tokens.ours, { type: 'bearer' })
    const answer = await post(`/v1/deliveries/${api.deps.publicIds.encode('delivery', id)}/redeliver`)
    expect([answer.status, answer.body.code]).toEqual([409, 'subscription_deleted'])
  })
})

describe('tenancy, for each route with an id', () => {
  const kindOf = (path: string) =>
    (path.split('/')[2] ?? '').replace(/ies$/, 'y').replace(/s$/, '') as 'trigger'
  const routes = () => nativeRoutes(api.deps).filter((route) => route.path.includes(':id'))

  it('answers byte for byte the same to another tenant as to an id that is not there', async () => {
    const existing = { trigger: triggerUuid, subscription: subscription.id, delivery: deliveries[0] ?? '' }
    expect(routes().length).toBeGreaterThanOrEqual(6)
    for (const { method, path } of routes()) {
      const kind = kindOf(path)
      const ask = async (id: string) => {
        const response = await fetch(api.url + path.replace(':id', id), {
          method,
          headers: {
            authorization: `Bearer ${api.tokens.theirs}`,
            'x-request-id': 'same',
            ...(method === 'PATCH' ? { 'content-type': 'application/json' } : {}),
          },
          ...(method === 'PATCH' ? { body: '{}' } : {}),
        })
        return `${response.status} ${await response.text()}`
      }
      const foreign = await ask(existing[kind])
      expect(foreign).toMatch(/^404 .*"code":"not_found"/)
      expect(foreign).toBe(await ask(api.deps.publicIds.encode(kind, asTriggerId(5))))
      expect(foreign).toBe(await ask('0190b7c5-1111-7222-8333-444455556666'))
    }
  })

  it.each(['9223372036854775808', '%00', 'x', '..%2Fetc'])('answers 400 to the id %s', async (id) => {
    for (const { method, path } of routes()) {
      const response = await fetch(api.url + path.replace(':id', id), {
        method,
        headers: { authorization: `Bearer ${api.tokens.ours}`, 'content-type': 'application/json' },
        ...(method === 'PATCH' ? { body: '{}' } : {}),
      })
      expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([
        400,
        'invalid_id',
      ])
    }
  })

  it('lists nothing of others', async () => {
    expect((await get('/v1/deliveries', api.tokens.theirs)).body.data).toEqual([])
    const theirList = await get(`/v1/deliveries?subscription_id=${subscription.id}`, api.tokens.theirs)
    expect(theirList.body).toEqual({ data: [], next: null })
    expect((await get(`/v1/subscriptions?integration_id=${theirs}`)).body.data).toEqual([])
  })
})
