import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { updateSubscription } from '@waybill/db'
import { asSubscriptionId, catalogue, orderEventTypes, orderStatuses } from '@waybill/domain'
import { catalogueId, jobsIndex, planomaticJobs } from './support/planomatic-jobs.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let jobs: ReturnType<typeof planomaticJobs>
let yard: number
let depot: number
let foreign: number

const event = (name: string) => catalogueId('order_event', name)
const status = (name: string) => catalogueId('order_status', name)
const at = (minute: number) => new Date(Date.UTC(2025, 2, 2, 12, minute))

beforeAll(async () => {
  api = await startTestApi()
  jobs = planomaticJobs(api)
  yard = await jobs.subscribe({ key: 'yard', name: 'Yard CRM', callback_url: 'https://yard.example.com/a' })
  depot = await jobs.subscribe({
    key: 'depot',
    name: 'Depot',
    callback_url: 'https://depot.example.com/?x=1,2',
  })
  foreign = await jobs.subscribe(
    { key: 'foreign', name: 'Foreign', callback_url: 'https://foreign.example.com' },
    api.tokens.theirs,
    theirs,
  )
  await updateSubscription(api.database.orm, 'test', ours, asSubscriptionId(yard), {
    name: 'Yard Suite',
    url: 'https://yard.example.com/b',
  })
  const told = await jobs.accept({})
  const v2 = { trigger: told, profile: 'planomatic-v2', subscription: depot } as const
  const v3 = { trigger: told, subscription: yard } as const
  const [scheduled, hold] = [status('scheduled'), status('hold')]
  await jobs.seed('a', { ...v3, eventId: event('order.delivered'), orderStatus: scheduled, createdAt: at(1) })
  await jobs.seed('b', { ...v3, eventId: event('appointment.scheduled'), code: 500, createdAt: at(2) })
  await jobs.seed('c', { ...v3, revision: 2, eventId: event('order.received'), code: 502, createdAt: at(3) })
  await jobs.seed('d', { ...v2, eventId: hold, orderStatus: hold, code: 404, createdAt: at(4) })
  const spelt = status('cancelled')
  await jobs.seed('e', {
    ...v2,
    eventId: spelt,
    orderStatus: spelt,
    code: null,
    sentAt: null,
    createdAt: at(5),
  })
  const other = status('canceled')
  await jobs.seed('f', { ...v2, eventId: other, orderStatus: other, createdAt: at(6) })
  await jobs.seed('x', { ...v3, profile: 'standard', eventId: event('order.delivered') })
  await jobs.seed('y', {
    ...v3,
    integration: theirs,
    subscription: foreign,
    eventId: event('order.delivered'),
  })
})
afterAll(() => api.close())

/** The names that the filters leave, in alphabetical order. */
const kept = async (filters: object) => (await jobs.list({ filters })).split('').sort().join('')

describe('webhook_jobs/index filters', () => {
  it('filters.date_range_start keeps jobs created after it, not at it', async () => {
    expect(await kept({ date_range_start: '2025-03-02T12:04:00Z' })).toBe('ef')
    expect(await kept({ date_range_start: '2025-03-02T12:03:59.999Z' })).toBe('def')
  })

  it('filters.date_range_end keeps jobs created before it, not at it', async () => {
    expect(await kept({ date_range_end: '2025-03-02T12:03:00Z' })).toBe('ab')
    expect(await kept({ date_range_end: '2025-03-02T12:03:00.001Z' })).toBe('abc')
  })

  it.each([
    ['without a zone, as UTC', '2025-03-02T12:04:00'],
    ['with a blank and without seconds', '2025-03-02 12:04'],
    ['with a zone ahead', '2025-03-02T14:04:00+02:00'],
    ['with a zone behind', '2025-03-02T05:34:00.000-0630'],
  ])('filters.date_range_start and filters.date_range_end take a time %s', async (_name, time) => {
    expect(await kept({ date_range_start: time })).toBe('ef')
    expect(await kept({ date_range_end: time })).toBe('abc')
  })

  it('filters.date_range_start and filters.date_range_end take a date alone as its first instant', async () => {
    expect(await kept({ date_range_start: '2025-03-02', date_range_end: '2025-03-03' })).toBe('abcdef')
    expect(await kept({ date_range_start: '2025-03-03' })).toBe('')
    expect(await kept({ date_range_end: '2025-03-02' })).toBe('')
  })

  it('filters.date_range_start leaves out the job whose created_at it was given', async () => {
    const { body } = await jobs.ask({
      sort: { by: 'last_sent_at', order: 'asc' },
      page: { size: 2, number: 1 },
    })
    const [, second] = body.data.results
    expect(await kept({ date_range_start: second?.['created_at'] })).toBe('bcdef')
  })

  it.each([
    '9999-12-31T23:59:59.999Z',
    '9999-12-31T23:59:59-23:59',
    '9999-12-31',
    '9998-12-31T23:59:59.999Z',
  ])('filters.date_range_start and filters.date_range_end take %s, the end of all times', async (time) => {
    expect(await kept({ date_range_end: time })).toBe('abcdef')
    expect(await kept({ date_range_start: time })).toBe('')
    const { body } = await jobs.ask({
      filters: { date_range_start: time, date_range_end: time },
      count: true,
    })
    expect(body.data).toEqual({ count: 0, results: [] })
  })

  it.each(['0000-01-01', '0001-01-01T00:00:00+23:59'])(
    'filters.date_range_start and filters.date_range_end take %s, long before all jobs',
    async (time) => {
      expect(await kept({ date_range_start: time })).toBe('abcdef')
      expect(await kept({ date_range_end: time })).toBe('')
    },
  )

  it('filters.status_code keeps jobs whose last answer was one of the codes', async () => {
    expect(await kept({ status_code: [500, '502'] })).toBe('bc')
    expect(await kept({ status_code: [599] })).toBe('')
  })

  it('filters.event_type keeps jobs of the named event types', async () => {
    expect(await kept({ event_type: ['scheduled'] })).toBe('b')
    expect(await kept({ event_type: ['delivered', 'received'] })).toBe('ac')
  })

  it.each(orderEventTypes)('filters.event_type knows %s', async (name) => {
    const answer = await jobs.ask({ filters: { event_type: [name] } })
    expect(answer.body.status).toBe('action-successful')
    expect(new Set(answer.body.data.results.map((row) => row['event_type'])).size).toBeLessThanOrEqual(1)
  })

  it('filters.status keeps jobs of both versions by the status of the order', async () => {
    expect(await kept({ status: ['scheduled'] })).toBe('a')
    expect(await kept({ status: ['hold', 'scheduled'] })).toBe('ad')
  })

  it('filters.status takes canceled and cancelled for two statuses', async () => {
    expect(await kept({ status: ['cancelled'] })).toBe('e')
    expect(await kept({ status: ['canceled'] })).toBe('f')
    expect(await kept({ status: ['canceled', 'cancelled'] })).toBe('ef')
  })

  it.each(orderStatuses)('filters.status knows %s', async (name) => {
    const answer = await jobs.ask({ filters: { status: [name] } })
    expect(answer.body.status).toBe('action-successful')
    for (const row of answer.body.data.results) expect(row['status']).toBe(name)
  })

  it('filters.subscribers keeps jobs of subscribers by id, as a number or text', async () => {
    expect(await kept({ subscribers: [depot] })).toBe('def')
    expect(await kept({ subscribers: [String(yard)] })).toBe('abc')
  })

  it('filters.subscribers keeps jobs of subscribers by key and by a name they have or had', async () => {
    expect(await kept({ subscribers: ['depot'] })).toBe('def')
    expect(await kept({ subscribers: ['Yard Suite'] })).toBe('abc')
    expect(await kept({ subscribers: ['Yard CRM', depot] })).toBe('abcdef')
  })

  it('filters.endpoint keeps jobs by the callback URL they were planned with', async () => {
    expect(await kept({ endpoint: ['https://yard.example.com/a'] })).toBe('ab')
    expect(await kept({ endpoint: ['https://yard.example.com/b'] })).toBe('c')
    expect(await kept({ endpoint: ['https://yard.example.com/b', 'https://depot.example.com/?x=1,2'] })).toBe(
      'cdef',
    )
    expect(await kept({ endpoint: ['https://yard.example.com/', 'https://foreign.example.com'] })).toBe('')
  })

  it('filters narrow each other, and an empty list narrows nothing', async () => {
    expect(await kept({ subscribers: [yard], status_code: [500, 404] })).toBe('b')
    expect(
      await kept({
        status_code: [],
        event_type: [],
        status: [],
        subscribers: [],
        endpoint: [],
        date_range_end: '',
      }),
    ).toBe('abcdef')
  })

  it('filters come in the query string as well, with commas or repeated', async () => {
    const inQuery = async (query: string) =>
      (await jobs.list({}, `${jobsIndex}?${query}`)).split('').sort().join('')
    expect(await inQuery('filters[status_code]=500,502')).toBe('bc')
    expect(await inQuery('filters.status_code[]=500&filters.status_code[]=404')).toBe('bd')
    expect(await inQuery('filters[event_type]=delivered&filters.status=scheduled')).toBe('a')
    expect(await inQuery(`filters[subscribers]=depot,${yard}&filters[status]=hold`)).toBe('d')
    const url = encodeURIComponent('https://depot.example.com/?x=1,2')
    expect(await inQuery(`filters[endpoint]=${url},https://yard.example.com/b`)).toBe('cdef')
    expect(await inQuery('filters.date_range_start=2025-03-02T13:04:00+01:00')).toBe('ef')
    expect(await inQuery('filters[status_code]=')).toBe('abcdef')
  })

  it('filters come in the query string with the place of each element as well', async () => {
    const inQuery = async (query: string) =>
      (await jobs.list({}, `${jobsIndex}?${query}`)).split('').sort().join('')
    expect(await inQuery('filters[status][0]=scheduled')).toBe('a')
    expect(await inQuery('filters%5Bstatus%5D%5B0%5D=scheduled&filters%5Bstatus%5D%5B1%5D=hold')).toBe('ad')
    expect(await inQuery('filters.status_code.0=500&filters.status_code.1=404')).toBe('bd')
    expect(await inQuery('filters[status][]=scheduled&filters[status]=hold,canceled')).toBe('adf')
    const url = encodeURIComponent('https://depot.example.com/?x=1,2')
    expect(await inQuery(`filters[endpoint][0]=${url}&filters[endpoint][1]=https://yard.example.com/b`)).toBe(
      'cdef',
    )
    expect(await inQuery('filters[date_range_end][0]=x&filters[date_range_end]=2025-03-02T12:03:00Z')).toBe(
      'ab',
    )
    const { body } = await jobs.ask({}, `${jobsIndex}?filters[status][0]=hold&filters[status][1]=nope`)
    expect(body.errors).toEqual([{ attr: 'filters.status.1', message: 'unrecognized' }])
    const named = await jobs.ask({}, `${jobsIndex}?filters[status][first]=hold`)
    expect(named.body.errors).toEqual([{ attr: 'filters.status', message: 'must be an array' }])
  })

  it('filters as an empty list, as PHP writes an empty object, narrow nothing', async () => {
    expect(await jobs.list({ filters: [], search: [], page: [], sort: [] })).toBe(await jobs.list({}))
    expect(await jobs.list({}, `${jobsIndex}?filters=`)).toBe(await jobs.list({}))
  })

  it.each<[object, string]>([
    [{ date_range_start: 'yesterday' }, 'date_range_start'],
    [{ date_range_start: '2025-02-30' }, 'date_range_start'],
    [{ date_range_start: '2025-03-01T25:00:00Z' }, 'date_range_start'],
    [{ date_range_start: 1_740_787_200 }, 'date_range_start'],
    [{ date_range_end: '2025-03-01T12:00:00+25:00' }, 'date_range_end'],
    [{ status_code: ['x'] }, 'status_code.0'],
    [{ status_code: [200, 600] }, 'status_code.1'],
    [{ status_code: 500 }, 'status_code'],
    [{ status_code: Array.from({ length: 1_001 }, () => 500) }, 'status_code'],
    [{ event_type: ['appointment.scheduled'] }, 'event_type.0'],
    [{ event_type: ['hold'] }, 'event_type.0'],
    [{ event_type: 'scheduled' }, 'event_type'],
    [{ status: ['delivered'] }, 'status.0'],
    [{ status: ['hold', 5] }, 'status.1'],
    [{ subscribers: [999_999] }, 'subscribers.0'],
    [{ subscribers: ['99999999999999999999'] }, 'subscribers.0'],
    [{ subscribers: ['nobody'] }, 'subscribers.0'],
    [{ subscribers: ['no\u0000body'] }, 'subscribers.0'],
    [{ subscribers: [{}] }, 'subscribers.0'],
    [{ endpoint: [5] }, 'endpoint.0'],
    [{ endpoint: ['\ud800'] }, 'endpoint.0'],
    [{ nope: 1 }, 'nope'],
  ])('answers invalid-param to the filters %j', async (filters, attr) => {
    const answer = await jobs.ask({ filters })
    expect([answer.status, answer.body.status]).toEqual([400, 'invalid-param'])
    expect(answer.body.errors.map((error) => error.attr)).toContainEqual(expect.stringContaining(attr))
  })

  it("answers invalid-param to another integration's subscriber, as to one that is not there", async () => {
    const { body } = await jobs.ask({ filters: { subscribers: [foreign, 'foreign', 'Foreign'] } })
    expect(body.errors).toEqual(
      [0, 1, 2].map((index) => ({ attr: `filters.subscribers.${index}`, message: 'unrecognized' })),
    )
  })

  it('knows the twelve event types and twenty statuses of the page and no others', () => {
    expect(orderEventTypes).toHaveLength(12)
    expect(orderStatuses).toHaveLength(20)
    expect(catalogue.filter(({ kind }) => kind !== 'facility_event')).toHaveLength(32)
  })
})
