import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { deleteSubscription } from '@waybill/db'
import { asSubscriptionId, nursaEvents } from '@waybill/domain'
import supertest from 'supertest'
import { nursaFaults } from './support/nursa-schemas.ts'
import { seedLog, type SeedAttempt, type SeedLog } from './support/seed-log.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

const path = '/api/v2/public/webhooks/logs'
const failed: SeedAttempt = { code: 503, err: 'unexpected_status', body: 'busy' }
const refused: SeedAttempt = { code: null, err: 'connect_refused' }
const succeeded: SeedAttempt = { code: 200, err: null, body: '{"statusCode":200}' }

type Log = Record<string, unknown> & {
  id: string
  facilityId: string
  status: string
  retries: Record<string, unknown>
  retryAttempts: Record<string, unknown>[]
}

let api: TestApi
let subscription: number
let theirSubscription: number
let userSubscription: number
beforeAll(async () => {
  api = await startTestApi()
  subscription = await webhook('facility', api.tokens.ours)
  theirSubscription = await webhook('facility', api.tokens.theirs)
  userSubscription = await webhook('user', api.tokens.ours)
})
afterAll(() => api.close())

async function webhook(kind: 'facility' | 'user', token: string): Promise<number> {
  const answer = await supertest(api.url)
    .post(`/api/v2/public/webhooks/${kind}`)
    .auth(token, { type: 'bearer' })
    .send({ url: `https://clinic.example.com/${kind}`, events: ['all'] })
  return api.deps.publicIds.decode('subscription', answer.body.data.id) as number
}

/** Everything that was seeded before is forgotten: each test looks at its own. */
async function only(...seeds: Partial<SeedLog>[]): Promise<string[]> {
  for (const table of ['attempts', 'deliveries', 'triggers'])
    await api.database.sql.unsafe(`DELETE FROM ${table}`)
  const ids: string[] = []
  for (const seed of seeds) {
    const id = await seedLog(api.database, { integration: ours, subscription, ...seed })
    ids.push(api.deps.publicIds.encode('delivery', id))
  }
  return ids
}

const get = (query = '', token = api.tokens.ours) =>
  supertest(api.url).get(`${path}${query}`).auth(token, { type: 'bearer' })

/** The logs of a good answer, checked against the contract. */
async function search(query = '', token = api.tokens.ours): Promise<Log[]> {
  const answer = await get(query, token)
  expect([answer.status, nursaFaults('logs', answer.body)]).toEqual([201, []])
  return answer.body.data as Log[]
}
const found = async (query = '', token = api.tokens.ours) => (await search(query, token)).map((log) => log.id)

describe('the answer of webhooks/logs', () => {
  it('answers 201 with data, each log with its documented members in their order', async () => {
    const data =
      '{"shiftId":"880012","facilityId":"NUR-000042","big":9007199254740993,  "reason":"Talent not needed"}'
    const [id] = await only({ data, attempts: [succeeded] })
    const answer = await get()
    expect(answer.status).toBe(201)
    expect(nursaFaults('logs', answer.body)).toEqual([])
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.text).toContain(`"requestPayload":{"data":${data},"eventType":"shift.cancelled"}`)
    const dispatch = {
      id,
      facilityId: 'NUR-000042',
      eventType: 'shift.cancelled',
      responseStatus: 200,
      responseBody: '{"statusCode":200}',
      url: 'https://clinic.example.com/facility',
    }
    expect(answer.body.data).toMatchObject([
      { ...dispatch, retries: { ...dispatch, retryAttempt: 0 }, status: 'success', retryAttempts: [] },
    ])
  })

  it('answers an empty data when there are no logs', async () => {
    await only()
    expect(await search()).toEqual([])
  })

  it('requestPayload is the object {data, eventType} that was sent', async () => {
    await only({ eventId: 210 })
    expect((await search())[0]).toMatchObject({
      eventType: 'shift.report.rejected',
      requestPayload: { data: { shiftId: '880012' }, eventType: 'shift.report.rejected' },
    })
  })

  it('id, responseStatus and responseBody are those of the first dispatch', async () => {
    const [id] = await only({ attempts: [failed, succeeded] })
    expect((await search())[0]).toMatchObject({ id, responseStatus: 503, responseBody: 'busy' })
  })

  it('responseStatus is 0 and responseBody the error when there was no response', async () => {
    await only({ attempts: [refused] })
    expect((await search())[0]).toMatchObject({ responseStatus: 0, responseBody: 'connect_refused' })
  })

  it('responseBody is an empty text when the response had none', async () => {
    await only({ attempts: [{ code: 204, err: null }] })
    expect((await search())[0]).toMatchObject({ responseStatus: 204, responseBody: '' })
  })

  it('url is the one that was dialled, also after the webhook got another', async () => {
    await only({ attempts: [failed] })
    const id = api.deps.publicIds.encode('subscription', asSubscriptionId(subscription))
    const move = (url: string) =>
      supertest(api.url)
        .patch(`/api/v2/public/webhooks/facility/${id}`)
        .auth(api.tokens.ours, { type: 'bearer' })
        .send({ url })
    await move('https://other.example.com/')
    expect((await search())[0]).toMatchObject({ url: 'https://clinic.example.com/facility' })
    await move('https://clinic.example.com/facility')
  })

  it('retries is the latest retry as one object, with its number as retryAttempt', async () => {
    await only({ attempts: [failed, refused, succeeded] })
    const [log] = await search()
    expect(log?.retries).toMatchObject({
      facilityId: 'NUR-000042',
      responseStatus: 200,
      responseBody: '{"statusCode":200}',
      retryAttempt: 2,
    })
  })

  it('retryAttempts has the whole history of retries, each with an id of its own that stays', async () => {
    await only({ attempts: [failed, refused, failed, failed] })
    const [log] = await search()
    expect(log?.retryAttempts).toMatchObject([
      { retryAttempt: 1, responseStatus: 0, responseBody: 'connect_refused' },
      { retryAttempt: 2, responseStatus: 503 },
      { retryAttempt: 3, responseStatus: 503 },
    ])
    expect(log?.retries).toEqual(log?.retryAttempts[2])
    const ids = [log?.id, ...(log?.retryAttempts ?? []).map((retry) => retry['id'])]
    expect(new Set(ids).size).toBe(4)
    expect((await search())[0]).toEqual(log)
  })

  it('counts an attempt whose worker died as one without a response', async () => {
    await only({ attempts: [{ code: null, err: 'unknown' }, succeeded] })
    expect((await search())[0]).toMatchObject({
      responseStatus: 0,
      responseBody: 'unknown',
      status: 'success',
      retries: { retryAttempt: 1 },
    })
  })

  it.each<[string, SeedAttempt[], SeedLog['status'], string]>([
    ['the first dispatch succeeded', [succeeded], 'delivered', 'success'],
    ['a retry succeeded', [failed, failed, succeeded], 'delivered', 'success'],
    ['a redirect counts as success', [{ code: 302, err: null }], 'delivered', 'success'],
    ['it was delivered once, redelivered and failed then', [succeeded, failed], 'failed', 'success'],
    ['every attempt failed', [failed, failed, failed, failed], 'failed', 'failure'],
    ['retries are still to come', [failed], 'failed', 'failure'],
  ])('status: %s', async (_what, attempts, status, expected) => {
    await only({ attempts, ...(status ? { status } : {}) })
    expect((await search())[0]?.status).toBe(expected)
  })
})

describe('what webhooks/logs finds', () => {
  it('leaves out what was never dispatched', async () => {
    const [sent] = await only(
      {},
      { attempts: [] },
      { attempts: [], status: 'skipped' },
      { attempts: [], status: 'duplicated' },
    )
    expect(await found()).toEqual([sent])
  })

  it('shows only logs of the integrations that the token reaches', async () => {
    const [mine, other] = await only({}, { integration: theirs, subscription: theirSubscription })
    expect(await found()).toEqual([mine])
    expect(await found('', api.tokens.theirs)).toEqual([other])
    expect(await found('', api.tokens.both)).toEqual([other, mine])
    expect(await found('?facilitiesIds=NUR-000042', api.tokens.theirs)).toEqual([other])
    expect(await found('?eventType=shift.cancelled', api.tokens.theirs)).toEqual([other])
  })

  it('leaves out what webhooks of users got, whose events no log can have', async () => {
    await only({ subscription: userSubscription, eventId: 213 })
    expect(await found()).toEqual([])
  })

  it('keeps the logs of a webhook that was deleted', async () => {
    const gone = await webhook('facility', api.tokens.ours)
    const ids = await only({ subscription: gone })
    await deleteSubscription(api.database.orm, 'test', ours, asSubscriptionId(gone))
    expect(await found()).toEqual(ids)
  })

  it('keeps logs for 14 days and not longer', async () => {
    const day = 24
    const [, young, younger] = await only(
      { hoursAgo: 14 * day + 1 },
      { hoursAgo: 14 * day - 1 },
      { hoursAgo: 1 },
    )
    expect(await found()).toEqual([younger, young])
    expect(await found('?sortDirection=ASC')).toEqual([young, younger])
    expect(await found('?facilitiesIds=NUR-000042')).toEqual([younger, young])
    expect(await found('?eventType=shift.cancelled')).toEqual([younger, young])
  })

  it('facilitiesIds filters by any of the facilities, written as a repeated name', async () => {
    const [first, second] = await only({ facility: 'NUR-1' }, { facility: 'P-2' }, { facility: 'NUR-3' })
    expect(await found('?facilitiesIds=NUR-1&facilitiesIds=P-2')).toEqual([second, first])
    expect(await found('?facilitiesIds[]=NUR-1&facilitiesIds[]=P-2')).toEqual([second, first])
    expect(await found('?facilitiesIds[0]=NUR-1&facilitiesIds[1]=P-2')).toEqual([second, first])
    expect(await found('?facilitiesIds=NUR-1&facilitiesIds=NUR-1')).toEqual([first])
  })

  it('facilitiesIds takes one value alone as a list of one', async () => {
    const [first] = await only({ facility: 'NUR-1' }, { facility: 'P-2' })
    expect(await found('?facilitiesIds=NUR-1')).toEqual([first])
    expect(await found('?facilitiesIds[]=NUR-1')).toEqual([first])
  })

  it('facilitiesIds that the caller has nothing of find nothing, and blank ones filter nothing', async () => {
    const ids = await only({ facility: 'NUR-1' })
    expect(await found('?facilitiesIds=nope')).toEqual([])
    expect(await found('?facilitiesIds=%00')).toEqual([])
    expect(await found(`?facilitiesIds=${'x'.repeat(5_000)}`)).toEqual([])
    expect(await found('?facilitiesIds=')).toEqual(ids)
  })

  it('facilitiesIds finds what several webhooks got of one event, in a stable order', async () => {
    const second = await webhook('facility', api.tokens.ours)
    const ids = await only({ facility: 'NUR-1' }, { facility: 'NUR-1', subscription: second })
    expect(await found('?facilitiesIds=NUR-1&sortDirection=ASC')).toEqual(ids)
    expect(await found('?facilitiesIds=NUR-1&limit=1&offset=1')).toEqual(ids.slice(0, 1))
  })

  it.each(nursaEvents.facility)('eventType %s filters by the event', async (eventType) => {
    await only(...[201, 202, 203, 204, 205, 206, 207, 208, 209, 210].map((eventId) => ({ eventId })))
    const logs = await search(`?eventType=${eventType}`)
    expect(logs.map((log) => log['eventType'])).toEqual([eventType])
  })

  it('eventType all filters nothing', async () => {
    await only({ eventId: 201 }, { eventId: 202 })
    expect(await found('?eventType=all')).toHaveLength(2)
  })

  it('eventType and facilitiesIds add up', async () => {
    const [, wanted] = await only(
      { eventId: 201, facility: 'NUR-1' },
      { eventId: 202, facility: 'NUR-1' },
      { eventId: 202, facility: 'NUR-2' },
    )
    expect(await found('?eventType=shift.cancelled&facilitiesIds=NUR-1')).toEqual([wanted])
  })

  it('startDate and endDate filter by the date of creation, and are not included themselves', async () => {
    const [old, middle, young] = await only({ hoursAgo: 50 }, { hoursAgo: 30 }, { hoursAgo: 10 })
    const at = async (id: string | undefined) => {
      const delivery = api.deps.publicIds.decode('delivery', id ?? '') as number
      await api.database.sql`
        UPDATE deliveries SET created_at = date_trunc('milliseconds', created_at) WHERE id = ${delivery}::bigint`
      const [row] = await api.database.sql<{ at: Date }[]>`
        SELECT created_at AS at FROM deliveries WHERE id = ${delivery}::bigint`
      return row?.at.toISOString() ?? ''
    }
    const [first, second, third] = [await at(old), await at(middle), await at(young)]
    expect(await found(`?startDate=${first}`)).toEqual([young, middle])
    expect(await found(`?endDate=${third}`)).toEqual([middle, old])
    expect(await found(`?startDate=${first}&endDate=${third}`)).toEqual([middle])
    expect(await found(`?startDate=${second}&facilitiesIds=NUR-000042`)).toEqual([young])
    expect(await found(`?endDate=${second}&eventType=shift.cancelled`)).toEqual([old])
    const justAfter = new Date(Date.parse(third) + 1).toISOString()
    expect(await found(`?endDate=${justAfter}&startDate=${second}`)).toEqual([young])
  })

  it('startDate and endDate may have any zone, also with a plus sign that was not encoded', async () => {
    const ids = await only({ hoursAgo: 1 })
    const inZone = (ms: number) => new Date(ms + 7_200_000).toISOString().replace('Z', '+02:00')
    const [from, to] = [inZone(Date.now() - 7_200_000), inZone(Date.now() + 7_200_000)]
    expect(await found(`?startDate=${encodeURIComponent(from)}&endDate=${encodeURIComponent(to)}`)).toEqual(
      ids,
    )
    expect(await found(`?startDate=${from}&endDate=${to}`)).toEqual(ids)
    expect(await found('?startDate=1960-01-01T00:00:00Z&endDate=1961-01-01T00:00:00Z')).toEqual([])
    expect(await found(`?startDate=0000-01-01T00:00:00Z&endDate=9999-12-31T23:59:59.999-23:59`)).toEqual(ids)
  })

  it('sortDirection orders logs by creation date, the newest first by default', async () => {
    const ids = await only({ hoursAgo: 50 }, { hoursAgo: 30 }, { hoursAgo: 10 })
    expect(await found('?sortDirection=ASC')).toEqual(ids)
    expect(await found('?sortDirection=DESC')).toEqual(ids.toReversed())
    expect(await found()).toEqual(ids.toReversed())
    expect(await found('?sortDirection=ASC&facilitiesIds=NUR-000042')).toEqual(ids)
    expect(await found('?sortDirection=ASC&eventType=shift.cancelled')).toEqual(ids)
  })

  it('limit is how many logs are returned: 10 by default, 0 to 100', async () => {
    await only(...Array.from({ length: 101 }, () => ({})))
    expect(await found()).toHaveLength(10)
    expect(await found('?limit=0')).toEqual([])
    expect(await found('?limit=1')).toHaveLength(1)
    expect(await found('?limit=100')).toHaveLength(100)
  })

  it.each(['', '&facilitiesIds=NUR-000042', '&eventType=shift.cancelled'])(
    'offset is how many logs are skipped, 0 by default: pages neither repeat nor leave out%s',
    async (filter) => {
      const second = await webhook('facility', api.tokens.ours)
      const seeds = Array.from({ length: 12 }, (_, i) => ({ subscription: i % 2 ? second : subscription }))
      const ids = (await only(...seeds)).toReversed()
      expect(await found(`?limit=5${filter}`)).toEqual(ids.slice(0, 5))
      expect(await found(`?limit=5&offset=5${filter}`)).toEqual(ids.slice(5, 10))
      expect(await found(`?limit=5&offset=10${filter}`)).toEqual(ids.slice(10))
      expect(await found(`?offset=9999999999999999${filter}`)).toEqual([])
    },
  )

  it('ignores parameters that the page does not have', async () => {
    const ids = await only({})
    expect(await found('?page=2&facilityId=nope')).toEqual(ids)
  })
})

/** The rules of the page's example, in its order. */
const rules = {
  facilitiesIds: ['facilitiesIds must be an array'],
  eventType: [
    'eventType must be one of the following values: shift.request.created, shift.request.cancelled, shift.report.created, shift.scheduled.cancelled, shift.scheduled, shift.created, shift.report.accepted-automatically, shift.report.accepted, shift.report.rejected, shift.cancelled, all',
  ],
  startDate: [
    'startDate must be RFC 3339 date',
    'startDate must be a date before endDate',
    'startDate must be a valid ISO 8601 date string',
  ],
  endDate: ['endDate must be RFC 3339 date', 'endDate must be a valid ISO 8601 date string'],
  limit: [
    'limit must not be less than 0',
    'limit must not be greater than 100',
    'limit must be a number conforming to the specified constraints',
  ],
  offset: [
    'offset must be a number conforming to the specified constraints',
    'offset must not be less than 0',
  ],
  sortDirection: ['sortDirection must be one of the following values: ASC, DESC'],
}

describe('the refusals of webhooks/logs', () => {
  it('400 lists every failing rule in the documented order', async () => {
    const query = '?sortDirection=up&offset=x&limit=x&endDate=x&startDate=x&eventType=x&facilitiesIds[a]=b'
    const answer = await get(query)
    expect(answer.status).toBe(400)
    expect(nursaFaults('badRequest', answer.body)).toEqual([])
    expect(answer.body.message).toEqual(Object.values(rules).flat())
  })

  const { facilitiesIds, eventType, startDate, endDate, limit, offset, sortDirection } = rules
  const beforeRule = startDate.slice(1, 2)
  it.each<[string, string[]]>([
    ['facilitiesIds[a]=b', facilitiesIds],
    ['facilitiesIds=NUR-1&facilitiesIds[a][b]=c', facilitiesIds],
    ['eventType=shift.paused', eventType],
    ['eventType=', eventType],
    ['eventType=facility.creation.accepted', eventType],
    ['eventType=all&eventType=all', eventType],
    ['startDate=2025-03-04', startDate.slice(0, 1)],
    ['startDate=2025-03-04T10:00:00', startDate.slice(0, 1)],
    ['startDate=20250304T100000Z', startDate.slice(0, 1)],
    ['startDate=yesterday', [startDate[0] ?? '', startDate[2] ?? '']],
    ['startDate=2025-02-30T10:00:00Z', [startDate[0] ?? '', startDate[2] ?? '']],
    ['startDate=2025-03-04T10:00:00Z&endDate=2025-03-04T10:00:00Z', beforeRule],
    ['startDate=2025-03-04T10:00:00Z&endDate=2025-03-04T11:00:00%2B02:00', beforeRule],
    ['startDate=2025-03-05T10:00:00Z&endDate=2025-03-04', [...beforeRule, ...endDate.slice(0, 1)]],
    ['startDate=2025-03-04T10:00:00Z&endDate=x', [...beforeRule, ...endDate]],
    ['endDate=x', endDate],
    ['endDate=2025-03-04T24:00:00Z', endDate],
    ['limit=-1', limit.slice(0, 1)],
    ['limit=101', limit.slice(1, 2)],
    ['limit=1.5', limit.slice(2)],
    ['limit=x', limit],
    ['limit=', limit],
    ['limit=1&limit=2', limit],
    ['limit=1e1', limit],
    ['offset=-1', offset.slice(1)],
    ['offset=x', offset],
    ['offset=0.5', offset.slice(0, 1)],
    ['sortDirection=asc', sortDirection],
    ['sortDirection=desc', sortDirection],
    ['sortDirection=', sortDirection],
  ])('400 for ?%s names its rules', async (query, message) => {
    const answer = await get(`?${query}`)
    expect(answer.status).toBe(400)
    expect(answer.body).toEqual({ message, error: 'Bad Request', statusCode: 400 })
    expect(nursaFaults('badRequest', answer.body)).toEqual([])
  })
})
