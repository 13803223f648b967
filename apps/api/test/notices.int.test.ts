import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asDeliveryId, asSubscriptionId, asTriggerId } from '@waybill/domain'
import supertest from 'supertest'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

const day = 100_000_000_000
const delivery = 2_500 * day + 7

describe('GET /v1/notices', () => {
  let api: TestApi
  beforeAll(async () => {
    api = await startTestApi()
    const leave = (kind: string, ref: string, integration: number, details: object, told = false) =>
      api.database.sql`INSERT INTO notices (kind, ref, integration, details, sent_at, note)
        VALUES (${kind}, ${ref}, ${integration}::int, ${JSON.stringify(details)}::text::jsonb,
          CASE WHEN ${told}::boolean THEN now() END, ${told ? null : 'mails are off'})`
    await leave(
      'delivery_failing',
      `${delivery}.1`,
      ours,
      { subscription: 3, delivery, attempts: 10, code: 503, err: null, secret: 'hush' },
      true,
    )
    await leave('subscription_deactivated', '3.9', ours, { subscription: 3, reason: 'exhausted' })
    await leave('delivery_quarantined', String(delivery), ours, { subscription: 3, err: 'quarantined' })
    await leave('delivery_given_up', '4.2025-03-09', theirs, { subscription: 4, delivery, attempts: 3 })
  })
  afterAll(() => api.close())

  const get = (query = '', token = api.tokens.ours) =>
    supertest(api.url).get(`/v1/notices${query}`).set('Authorization', `Bearer ${token}`)
  const kinds = (answer: { body: { data: { kind: string }[] } }) => answer.body.data.map(({ kind }) => kind)

  it('shows a notice with the ids of the native API and nothing that stays inside', async () => {
    const { body } = await get('?kind=delivery_failing')
    expect(body).toEqual({
      data: [
        {
          id: expect.stringMatching(/^[0-9a-f-]{36}$/),
          kind: 'delivery_failing',
          integration_id: ours,
          subscription_id: api.deps.publicIds.encode('subscription', asSubscriptionId(3)),
          delivery_id: api.deps.publicIds.encode('delivery', asDeliveryId(delivery)),
          details: { attempt_count: 10, response_status: 503 },
          created_at: expect.stringMatching(/Z$/),
          told_at: expect.stringMatching(/Z$/),
          note: null,
        },
      ],
      next: null,
    })
  })

  it('shows each integration the batch that was set aside with triggers of its own', async () => {
    await api.database.sql`INSERT INTO notices (kind, ref, integration, details) VALUES
      ('batch_quarantined', '7.12', ${ours}::int, jsonb_build_object('trigger', ${delivery}::bigint, 'runs', 8)),
      ('batch_quarantined', '7.34', ${theirs}::int, jsonb_build_object('trigger', ${delivery + 1}::bigint, 'runs', 8))`
    const { body } = await get('?kind=batch_quarantined')
    await api.database.sql`DELETE FROM notices WHERE kind = 'batch_quarantined'`
    expect(body.data).toMatchObject([
      {
        integration_id: ours,
        subscription_id: null,
        delivery_id: null,
        details: { trigger_id: api.deps.publicIds.encode('trigger', asTriggerId(delivery)), run_count: 8 },
      },
    ])
  })

  it('says why nobody was told', async () => {
    const [notice] = (await get('?kind=subscription_deactivated')).body.data
    expect(notice).toMatchObject({
      told_at: null,
      note: 'mails are off',
      delivery_id: null,
      details: { reason: 'exhausted' },
    })
    const [quarantined] = (await get('?kind=delivery_quarantined')).body.data
    expect(quarantined.delivery_id).toBe(api.deps.publicIds.encode('delivery', asDeliveryId(delivery)))
  })

  it('lists the newest first, page after page, within what the token reaches', async () => {
    expect(kinds(await get())).toEqual([
      'delivery_quarantined',
      'subscription_deactivated',
      'delivery_failing',
    ])
    expect(kinds(await get('', api.tokens.theirs))).toEqual(['delivery_given_up'])
    expect(kinds(await get(`?integration_id=${theirs}`))).toEqual([])
    expect(kinds(await get(`?integration_id=${ours}`, api.tokens.both))).toHaveLength(3)
    const first = await get('?limit=2')
    expect(kinds(first)).toEqual(['delivery_quarantined', 'subscription_deactivated'])
    expect(first.headers['link']).toContain('rel="next"')
    const second = await get(`?limit=2&cursor=${first.body.next}`)
    expect(kinds(second)).toEqual(['delivery_failing'])
    expect(second.body.next).toBeNull()
  })

  it('takes several kinds', async () => {
    expect(kinds(await get('?kind=delivery_failing,delivery_quarantined'))).toEqual([
      'delivery_quarantined',
      'delivery_failing',
    ])
  })

  it.each([
    ['?kind=nope', 'invalid_parameter'],
    ['?kind=', 'invalid_parameter'],
    ['?cursor=x', 'invalid_parameter'],
    ['?limit=0', 'invalid_parameter'],
    ['?integration_id=x', 'invalid_parameter'],
    ['?told=true', 'invalid_parameter'],
  ])('refuses %s', async (query, code) => {
    const answer = await get(query)
    expect([answer.status, answer.body.code]).toEqual([400, code])
  })

  it('refuses who has no token', async () => {
    expect((await supertest(api.url).get('/v1/notices')).status).toBe(401)
  })
})
