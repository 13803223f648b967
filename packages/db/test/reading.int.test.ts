import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { countJobs, findDelivery, findTrigger, listDeliveries, listJobs, type JobsQuery } from '@waybill/db'
import {
  asDeliveryId,
  asTriggerId,
  type DeliveryId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import { elsewhere, openFixture, yard, type Fixture } from './support/fixture.ts'

describe('reading deliveries back', () => {
  let f: Fixture
  let subscription: SubscriptionId
  const made: { trigger: TriggerId; delivery: DeliveryId }[] = []
  beforeAll(async () => {
    f = await openFixture()
    subscription = (await f.subscribe()).id
    for (let i = 0; i < 5; i += 1) made.push(await f.failOnce(subscription))
    await f.sql`UPDATE deliveries SET profile = 2`
    await f.sql`UPDATE deliveries SET last_code = 503, last_sent_at = now() WHERE id = ${made[1]?.delivery ?? 0}`
    await f.sql`UPDATE deliveries SET last_code = NULL, last_sent_at = NULL WHERE id = ${made[2]?.delivery ?? 0}`
  })
  afterAll(() => f.close())

  const integrations = [yard]
  const list = async (filter: Partial<Parameters<typeof listDeliveries>[1]>, limit = 10) =>
    (await listDeliveries(f.sql, { integrations, ...filter }, limit)).map((row) => row.id)
  const newestFirst = () => made.map((one) => one.delivery).reverse()

  it('lists all of an integration, newest first, and none of another', async () => {
    expect(await list({})).toEqual(newestFirst())
    expect(await list({ integrations: [elsewhere] })).toEqual([])
  })

  it('pages by id without repeating or skipping', async () => {
    const first = await list({}, 2)
    const rest = await list({ before: first.at(-1) ?? asDeliveryId(0) })
    expect([...first, ...rest]).toEqual(newestFirst())
  })

  it.each([
    ['status', () => ({ status: [3] }), 5],
    ['another status', () => ({ status: [2] }), 0],
    ['subscription', () => ({ subscription }), 5],
    ['trigger', () => ({ trigger: made[0]?.trigger ?? asTriggerId(0) }), 1],
    ['event', () => ({ eventIds: [6, 7] }), 5],
    ['response status', () => ({ code: 503 }), 1],
    ['order', () => ({ orderId: '40017' }), 5],
    ['another order', () => ({ orderId: '4001' }), 0],
    ['time after', () => ({ createdAfter: new Date(Date.now() - 60_000) }), 5],
    ['time before', () => ({ createdBefore: new Date(Date.now() - 60_000) }), 0],
    [
      'everything at once',
      () => ({ status: [3], subscription, eventIds: [6], code: 500, orderId: '40017' }),
      3,
    ],
  ])('filters by %s', async (_name, filter, n) => {
    expect(await list(filter())).toHaveLength(n)
  })

  it('finds a delivery and a trigger only for their integration', async () => {
    const [one] = made
    if (!one) throw new Error('nothing was made')
    expect(await findDelivery(f.sql, yard, one.delivery)).toMatchObject({
      orderId: '40017',
      lastCode: 500,
    })
    expect(await findDelivery(f.sql, elsewhere, one.delivery)).toBeUndefined()
    expect(await findTrigger(f.sql, [yard], one.trigger)).toMatchObject({ fannedOut: true })
    expect(await findTrigger(f.sql, [elsewhere], one.trigger)).toBeUndefined()
  })

  const jobs: JobsQuery = {
    integration: yard,
    sort: { by: 'last_sent_at', order: 'desc' },
    size: 10,
    page: 1,
  }

  it.each(['last_sent_at', 'status_code', 'event_type'] as const)(
    'pages jobs by %s without repeating',
    async (by) => {
      for (const order of ['asc', 'desc'] as const) {
        const pages = await Promise.all(
          [1, 2, 3].map((page) => listJobs(f.sql, { ...jobs, sort: { by, order }, size: 2, page })),
        )
        const ids = pages.flat().map((row) => row.id)
        expect(ids).toHaveLength(5)
        expect(new Set(ids).size).toBe(5)
      }
    },
  )

  it('counts jobs with their filters', async () => {
    expect(await countJobs(f.sql, jobs)).toBe(5)
    expect(await countJobs(f.sql, { ...jobs, statusCodes: [500] })).toBe(3)
    expect(await countJobs(f.sql, { ...jobs, integration: elsewhere })).toBe(0)
  })
})
