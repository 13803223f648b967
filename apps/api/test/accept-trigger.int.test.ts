import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

const post = (body: string | object, token = api.tokens.ours) =>
  supertest(api.url).post('/v1/triggers').auth(token, { type: 'bearer' }).type('json').send(body)
const idOf = (uuid: string) => api.deps.publicIds.decode('trigger', uuid) as number
const rowOf = async (uuid: string) => {
  const rows = await api.database.sql`
    SELECT t.*, (SELECT count(*)::int FROM batches b WHERE t.id >= b.first_trigger AND t.id < b.first_trigger + b.n) AS batches
    FROM triggers t WHERE id = ${idOf(uuid)}::bigint`
  return rows[0] as Record<string, unknown>
}

describe('POST /v1/triggers', () => {
  it('answers 202 with id and Location once the trigger and its batch are committed', async () => {
    const answer = await post(trigger())
    expect(answer.status).toBe(202)
    expect(answer.body).toEqual({
      id: expect.any(String),
      status: 'accepted',
      accepted_at: expect.stringMatching(/Z$/),
    })
    expect(answer.headers['location']).toBe(`/v1/triggers/${answer.body.id}`)
    const row = await rowOf(answer.body.id)
    expect(row).toMatchObject({
      integration: ours,
      event_id: 110,
      order_id: '40017',
      batches: 1,
      duplicate: false,
    })
    expect(row['search']).toBe('9 elm rd, boulder\u001F40017')
  })

  it('keeps the posted bytes, spacing and big numbers included', async () => {
    const body = `{ "integration_id":${ours},"kind":"order_status","name":"scheduled",\n  "order_id":"A-1","order":{"n":9007199254740993,"x":1.10, "é":"ü"} }`
    const answer = await post(body)
    expect(answer.status).toBe(202)
    expect((await rowOf(answer.body.id))['data']).toBe(body)
  })

  it('takes the order id of a facility event from its shift', async () => {
    const change = { kind: 'facility_event', name: 'shift.cancelled', order: undefined, order_id: undefined }
    const data = {
      shiftId: 'sh-1',
      facilityId: 'NUR-1',
      at: '2025-03-04T10:00:00Z',
      reason: 'Talent not needed',
    }
    const answer = await post(trigger({ ...change, data, facility_id: 77 }))
    expect(answer.status).toBe(202)
    expect(await rowOf(answer.body.id)).toMatchObject({ order_id: 'sh-1', facility_id: '77', search: null })
  })

  it('marks the second trigger of an occurrence as a duplicate', async () => {
    const first = await post(trigger({ occurrence_id: 'evt-1' }))
    const second = await post(trigger({ occurrence_id: 'evt-1' }))
    expect(second.body.id).not.toBe(first.body.id)
    expect([await rowOf(first.body.id), await rowOf(second.body.id)]).toMatchObject([
      { duplicate: false },
      { duplicate: true },
    ])
  })

  it('stores together what came while earlier flushes were busy', async () => {
    const batches = async () =>
      (await api.database.sql`SELECT count(*)::int AS n FROM batches`)[0]?.['n'] as number
    const before = await batches()
    const answers = await api.database.sql.begin(async (tx) => {
      await tx`LOCK TABLE batches IN SHARE MODE`
      const posts = Promise.all(Array.from({ length: 100 }, () => post(trigger()).then((answer) => answer)))
      await tx`SELECT pg_sleep(0.5)`
      return { posts }
    })
    const ids = (await answers.posts).map((answer) => answer.body.id as string)
    expect(new Set(ids).size).toBe(100)
    expect((await batches()) - before).toBeLessThan(50)
  })

  it('takes application/json with charset utf-8 and echoes a request id', async () => {
    const answer = await supertest(api.url)
      .post('/v1/triggers')
      .auth(api.tokens.ours, { type: 'bearer' })
      .set('Content-Type', 'application/json; charset=UTF-8')
      .set('X-Request-Id', 'abc-1')
      .send(JSON.stringify(trigger()))
    expect(answer.status).toBe(202)
    expect(answer.headers['x-request-id']).toBe('abc-1')
  })

  it('refuses an integration outside the token with 403, whether it exists or not', async () => {
    for (const integration of [theirs, 99]) {
      const answer = await post(trigger({ integration_id: integration }))
      expect(answer.status).toBe(403)
      expect(answer.body).toMatchObject({ code: 'insufficient_scope', status: 403 })
    }
    expect((await post(trigger({ integration_id: theirs }), api.tokens.both)).status).toBe(202)
  })
})

describe('Idempotency-Key', () => {
  const keyed = (key: string, body: object, token = api.tokens.ours) =>
    post(body, token).set('Idempotency-Key', key)

  it('answers a repeated request like the first one and stores nothing', async () => {
    const first = await keyed('key-1', trigger())
    const again = await keyed('key-1', trigger())
    expect(again.status).toBe(202)
    expect(again.body).toEqual(first.body)
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(again.headers['idempotency-replayed']).toBe('true')
  })

  it('refuses the key for another body', async () => {
    await keyed('key-2', trigger())
    const other = await keyed('key-2', trigger({ order_id: 1 }))
    expect(other.status).toBe(422)
    expect(other.body.code).toBe('idempotency_key_reused')
  })

  it('gives all of several concurrent requests the same trigger', async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => keyed('key-3', trigger())))
    expect(new Set(answers.map((answer) => `${answer.status} ${answer.body.id}`)).size).toBe(1)
  })

  it('keeps the keys of two integrations apart', async () => {
    const first = await keyed('key-4', trigger())
    const other = await keyed('key-4', trigger({ integration_id: theirs }), api.tokens.theirs)
    expect(other.status).toBe(202)
    expect(other.body.id).not.toBe(first.body.id)
  })

  it.each([['x'.repeat(256)], ['caf\u00e9'], ['   '], ['a\tb']])('refuses the key %j', async (key) => {
    const answer = await keyed(key, trigger())
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_idempotency_key'])
  })

  it('refuses two keys', async () => {
    const answer = await post(trigger()).set('Idempotency-Key', ['a', 'b'] as unknown as string)
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_idempotency_key'])
  })
})
