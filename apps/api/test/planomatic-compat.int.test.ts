import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { catalogue, type CatalogueKind } from '@waybill/domain'
import { jobsIndex, planomaticJobs } from './support/planomatic-jobs.ts'
import { eventTypes, orderStatuses } from './support/planomatic-page.ts'
import { startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let jobs: ReturnType<typeof planomaticJobs>

/** The stored number of a name of the page, found without the code that reads parameters. */
function idOf(kind: CatalogueKind, name: string): number {
  const found = catalogue.filter((one) => one.kind === kind && one.name.split('.').at(-1) === name)
  if (found.length !== 1 || !found[0]) throw new Error(`${found.length} of ${kind} are called ${name}`)
  return found[0].id
}

/** One job for each event type (version 3) and for each status (version 2), every one a minute after the one before. */
beforeAll(async () => {
  api = await startTestApi()
  jobs = planomaticJobs(api)
  const crm = await jobs.subscribe({ key: 'crm', name: 'CRM', callback_url: 'https://crm.example.com/in' })
  const ledger = await jobs.subscribe({
    key: 'ledger',
    name: 'Ledger',
    callback_url: 'https://ledger.example.com/in',
    version: '2',
  })
  const trigger = await jobs.accept({ order: { property: { address: '9 Elm Rd, Boulder' } } })
  let minute = 0
  const next = () => ({
    trigger,
    code: 500 + minute,
    createdAt: new Date(Date.UTC(2025, 2, 1, 12, (minute += 1))),
  })
  for (const type of eventTypes)
    await jobs.seed(type, { ...next(), subscription: crm, eventId: idOf('order_event', type) })
  for (const status of orderStatuses) {
    const id = idOf('order_status', status)
    const v2 = { subscription: ledger, profile: 'planomatic-v2', eventId: id, orderStatus: id } as const
    await jobs.seed(`${status}!`, { ...next(), ...v2 })
  }
})
afterAll(() => api.close())

const rowsOf = async (body: object, query = '') => {
  const answer = await jobs.ask({ page: { size: 100 }, ...body }, `${jobsIndex}${query}`)
  expect([answer.status, answer.body.status]).toEqual([200, 'action-successful'])
  return answer.body.data.results
}

describe('webhook_jobs/index, as its page lists it', () => {
  it.each(eventTypes)('filters.event_type %s finds the jobs of that type and no others', async (type) => {
    const rows = await rowsOf({ filters: { event_type: [type] } })
    expect(rows.map((row) => row['event_type'])).toEqual([type])
  })

  it.each(orderStatuses)('filters.status %s finds the jobs of that status and no others', async (status) => {
    const rows = await rowsOf({ filters: { status: [status] } })
    expect(rows.map((row) => row['status'])).toEqual([status])
  })

  it('filters.event_type and filters.status take all their values at once', async () => {
    expect(await rowsOf({ filters: { event_type: eventTypes } })).toHaveLength(12)
    expect(await rowsOf({ filters: { status: orderStatuses } })).toHaveLength(20)
  })

  it('page.size is 25 and page.number 1 where none is given', async () => {
    const all = (await rowsOf({})).map(({ id }) => id)
    expect(all).toHaveLength(32)
    const idsOf = async (body: object) => (await rowsOf(body)).map(({ id }) => id)
    expect(await idsOf({ page: undefined })).toEqual(all.slice(0, 25))
    expect(await idsOf({ page: { number: 2 } })).toEqual(all.slice(25))
    expect(await idsOf({ page: { size: 3 } })).toEqual(all.slice(0, 3))
  })

  it.each<[string, object, string]>([
    ['count', { count: true }, 'count=true'],
    ['view', { view: 'planointegrate_view' }, 'view=planointegrate_view'],
    ['search.term', { search: { term: 'submitted' } }, 'search.term=submitted'],
    [
      'search.attributes',
      { search: { term: 'ed', attributes: ['status', 'event'] } },
      'search[term]=ed&search[attributes]=status,event',
    ],
    [
      'filters.date_range_start',
      { filters: { date_range_start: '2025-03-01T12:30:00Z' } },
      'filters[date_range_start]=2025-03-01T12:30:00Z',
    ],
    [
      'filters.date_range_end',
      { filters: { date_range_end: '2025-03-01T12:03:00Z' } },
      'filters.date_range_end=2025-03-01T12:03:00Z',
    ],
    ['filters.status_code', { filters: { status_code: [503, 504] } }, 'filters.status_code=503,504'],
    [
      'filters.event_type',
      { filters: { event_type: ['canceled', 'submitted'] } },
      'filters[event_type][]=canceled&filters[event_type][]=submitted',
    ],
    ['filters.status', { filters: { status: ['cancelled'] } }, 'filters.status=cancelled'],
    ['filters.subscribers', { filters: { subscribers: ['crm'] } }, 'filters.subscribers=crm'],
    [
      'filters.endpoint',
      { filters: { endpoint: ['https://ledger.example.com/in'] } },
      'filters[endpoint]=https://ledger.example.com/in',
    ],
    ['page.size', { page: { size: 3 } }, 'page.size=3'],
    ['page.number', { page: { size: 3, number: 2 } }, 'page[size]=3&page[number]=2'],
    ['sort.by', { sort: { by: 'status_code' } }, 'sort.by=status_code'],
    ['sort.order', { sort: { by: 'event_type', order: 'desc' } }, 'sort[by]=event_type&sort[order]=desc'],
  ])('%s says the same in the query string as in the body', async (_name, body, query) => {
    const asked = await jobs.ask(body)
    expect((await jobs.ask({}, `${jobsIndex}?${query}`)).text).toBe(asked.text)
    expect(asked.body.status).toBe('action-successful')
    expect(asked.text).not.toBe((await jobs.ask({})).text)
  })

  it('token and integration_id say the same in the query string as in the body', async () => {
    const query = `?token=${api.tokens.ours}&integration_id=12`
    const bare = { token: undefined, integration_id: undefined }
    expect((await jobs.ask(bare, jobsIndex + query)).text).toBe((await jobs.ask({})).text)
    const over = await jobs.ask({ token: undefined, integration_id: theirs }, jobsIndex + query)
    expect(over.body.errors).toEqual([{ attr: 'integration_id', message: 'unauthorized' }])
  })
})
