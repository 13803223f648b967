import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const post = (path: string, body: string | object) =>
  supertest(api.url).post(path).auth(api.tokens.both, { type: 'bearer' }).type('json').send(body)
const inAnHour = new Date(Date.now() + 3_600_000).toISOString()

describe('a field of a trigger', () => {
  it.each<[Record<string, unknown>, string, string, string?]>([
    [{ evenType: 1 }, '/evenType', 'unknown_field'],
    [{ orderId: 1 }, '/orderId', 'unknown_field', '"order_id"'],
    [{ status: 'x' }, '/status', 'read_only_field'],
    [{ createdAt: 'x' }, '/createdAt', 'read_only_field'],
    [{ attempts: 1 }, '/attempts', 'read_only_field'],
    [{ integration_id: undefined }, '/integration_id', 'required'],
    [{ integration_id: '12' }, '/integration_id', 'invalid_type'],
    [{ integration_id: 1.5 }, '/integration_id', 'invalid_type'],
    [{ integration_id: 0 }, '/integration_id', 'number_out_of_range'],
    [{ integration_id: 2 ** 60 }, '/integration_id', 'unsafe_integer'],
    [{ kind: undefined }, '/kind', 'required'],
    [{ kind: 'order' }, '/kind', 'invalid_value'],
    [{ kind: 5 }, '/kind', 'invalid_type'],
    [{ name: undefined }, '/name', 'required'],
    [{ name: 5 }, '/name', 'invalid_type'],
    [{ name: 'order.delivred' }, '/name', 'unknown_event_type', '"order.delivered"'],
    [{ name: '' }, '/name', 'invalid_event_type'],
    [{ name: 'a b' }, '/name', 'invalid_event_type'],
    [{ name: '../x' }, '/name', 'invalid_event_type'],
    [{ name: '*' }, '/name', 'invalid_event_type'],
    [{ name: 'a'.repeat(129) }, '/name', 'invalid_event_type'],
    [{ order_id: undefined }, '/order_id', 'required'],
    [{ order_id: {} }, '/order_id', 'invalid_type'],
    [{ order_id: [] }, '/order_id', 'invalid_type'],
    [{ order_id: 1.5 }, '/order_id', 'invalid_type'],
    [{ order_id: ' ' }, '/order_id', 'too_short'],
    [{ order_id: 'x'.repeat(129) }, '/order_id', 'invalid_order_id'],
    [{ order_id: 'a\u202eb' }, '/order_id', 'invalid_order_id'],
    [{ order_id: 'a\nb' }, '/order_id', 'invalid_order_id'],
    [{ order_id: 2 ** 53 }, '/order_id', 'unsafe_integer'],
    [{ facility_id: 'x'.repeat(129) }, '/facility_id', 'invalid_facility_id'],
    [{ person: 'a\u0007' }, '/person', 'invalid_person'],
    [{ occurrence_id: 'x'.repeat(256) }, '/occurrence_id', 'invalid_occurrence_id'],
    [{ occurred_at: 1 }, '/occurred_at', 'invalid_type'],
    [{ occurred_at: '2026-02-30T00:00:00Z' }, '/occurred_at', 'invalid_timestamp'],
    [{ occurred_at: '2026-02-03T00:00:00' }, '/occurred_at', 'invalid_timestamp'],
    [{ occurred_at: '0001-01-01T00:00:00Z' }, '/occurred_at', 'invalid_timestamp'],
    [{ occurred_at: inAnHour }, '/occurred_at', 'timestamp_in_future'],
    [{ data: {} }, '', 'one_of_required'],
    [{ order: undefined }, '', 'one_of_required'],
    [{ order: 'x' }, '/order', 'invalid_type'],
  ])('%j is refused at %j as %s', async (change, pointer, code, hint = '') => {
    const answer = await post('/v1/triggers', trigger(change))
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toEqual([{ pointer, code, message: expect.stringContaining(hint) }])
    expect(answer.body.code).toBe(code)
  })

  it.each(['1e400', '-0'])('refuses the order id %s', async (number) => {
    const body = JSON.stringify(trigger({ order_id: 5 })).replace('"order_id":5', `"order_id":${number}`)
    expect((await post('/v1/triggers', body)).body.code).toBe('number_out_of_range')
  })

  it('is named together with everything else that is wrong', async () => {
    const answer = await post('/v1/triggers', trigger({ kind: 'x', order_id: '', typo: 1 }))
    expect(answer.body.code).toBe('validation_failed')
    expect(answer.body.errors.map((error: { pointer: string }) => error.pointer).toSorted()).toEqual([
      '/kind',
      '/order_id',
      '/typo',
    ])
    expect(answer.body).toMatchObject({
      type: 'urn:waybill:problem:validation_failed',
      status: 422,
      title: expect.any(String),
      request_id: answer.headers['x-request-id'],
    })
  })

  it('never comes back at length', async () => {
    const answer = await post('/v1/triggers', trigger({ ['k'.repeat(5_000)]: 1 }))
    expect(answer.text.length).toBeLessThan(1_000)
  })
})

describe('POST /v1/triggers/batch', () => {
  const batch = (triggers: unknown, more = {}) => post('/v1/triggers/batch', { triggers, ...more })
  const countRows = async () => {
    const [row] = await api.database.sql`SELECT count(*)::int AS n FROM triggers`
    return row?.['n'] as number
  }

  it.each([1, 150, 1_000])('stores %i triggers and answers their ids in order', async (count) => {
    const answer = await batch(Array.from({ length: count }, (_, i) => trigger({ order_id: i })))
    expect(answer.status).toBe(202)
    const ids = answer.body.ids.map((uuid: string) => api.deps.publicIds.decode('trigger', uuid))
    const rows = await api.database.sql`
      SELECT order_id FROM triggers WHERE id = ANY(${ids}::bigint[]) ORDER BY id`
    expect(rows.map((row) => row['order_id'])).toEqual(Array.from({ length: count }, (_, i) => String(i)))
  })

  it('keeps each trigger as its own bytes', async () => {
    const one = `{ "integration_id": ${ours}, "kind": "order_status", "name": "hold", "order_id": 1, "order": {"n": 1.50} }`
    const answer = await post('/v1/triggers/batch', `{"triggers":[ ${one} ,${JSON.stringify(trigger())}]}`)
    const id = api.deps.publicIds.decode('trigger', answer.body.ids[0]) as number
    const [row] = await api.database.sql`SELECT data FROM triggers WHERE id = ${id}::bigint`
    expect(row?.['data']).toBe(one)
  })

  it('stores nothing when one trigger is bad, and names every problem', async () => {
    const before = await countRows()
    const triggers: unknown[] = Array.from({ length: 20 }, () => trigger())
    triggers[17] = trigger({ name: '*' })
    triggers[18] = 5
    const answer = await batch(triggers)
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toMatchObject([
      { pointer: '/triggers/17/name', code: 'invalid_event_type' },
      { pointer: '/triggers/18', code: 'invalid_type' },
    ])
    expect(await countRows()).toBe(before)
  })

  it.each<[string, unknown, object, string, string]>([
    ['no triggers', undefined, {}, '/triggers', 'required'],
    ['triggers that are no array', {}, {}, '/triggers', 'invalid_type'],
    ['none', [], {}, '/triggers', 'too_few_items'],
    ['1,001', Array.from({ length: 1_001 }, () => 1), {}, '/triggers', 'too_many_items'],
    ['a stray field', [trigger()], { trigers: 1 }, '/trigers', 'unknown_field'],
    [
      'two integrations',
      [trigger(), trigger({ integration_id: theirs })],
      {},
      '/triggers/1/integration_id',
      'mixed_integrations',
    ],
  ])('refuses %s', async (_what, triggers, more, pointer, code) => {
    const answer = await batch(triggers, more)
    expect(answer.status).toBe(422)
    expect(answer.body.errors).toMatchObject([{ pointer, code }])
  })

  it('refuses an integration outside the token', async () => {
    const answer = await batch([trigger({ integration_id: 99 })])
    expect([answer.status, answer.body.code]).toEqual([403, 'insufficient_scope'])
  })

  it('answers a repeated call with the same ids', async () => {
    const send = () => batch([trigger(), trigger()]).set('Idempotency-Key', 'batch-1')
    const first = await send()
    const again = await send()
    expect(again.body).toEqual(first.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
  })
})
