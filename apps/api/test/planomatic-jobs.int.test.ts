import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { catalogueId, jobsIndex, planomaticJobs } from './support/planomatic-jobs.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let jobs: ReturnType<typeof planomaticJobs>
let subscription: number

const event = (name: string) => catalogueId('order_event', name)
const status = (name: string) => catalogueId('order_status', name)
const at = (minute: number) => new Date(Date.UTC(2025, 2, 1, 12, minute))

beforeAll(async () => {
  api = await startTestApi()
  jobs = planomaticJobs(api)
  subscription = await jobs.subscribe({
    key: 'jobs',
    name: 'Jobs',
    callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
  })
  const told = await jobs.accept({
    order: { order_status: 'scheduled', property: { address: '9 Elm Rd, Boulder' } },
  })
  const v3 = { trigger: told, subscription } as const
  const held = await jobs.accept({ kind: 'order_status', name: 'hold', order_id: 'A-7', order: {} })
  const v2 = { trigger: held, subscription, profile: 'planomatic-v2', eventId: status('hold') } as const
  const scheduled = status('scheduled')
  await jobs.seed('a', {
    ...v3,
    eventId: event('order.delivered'),
    orderStatus: scheduled,
    code: 502,
    sentAt: at(3),
  })
  await jobs.seed('b', { ...v3, eventId: event('appointment.scheduled'), sentAt: at(1) })
  await jobs.seed('c', { ...v2, orderStatus: v2.eventId, code: 500, sentAt: at(2) })
  await jobs.seed('d', { ...v3, eventId: event('order.canceled'), code: null, sentAt: null })
  await jobs.seed('e', { ...v3, eventId: event('order.delivered'), code: 200, sentAt: at(1) })
  await jobs.seed('x', { ...v3, profile: 'standard', eventId: event('order.delivered') })
  await jobs.seed('y', { ...v3, integration: theirs, eventId: event('order.delivered') })
})
afterAll(() => api.close())

describe('webhook_jobs/index', () => {
  it('lists jobs of both versions, the last sent first', async () => {
    expect(await jobs.list({})).toBe('acebd')
  })

  it('view planointegrate_view shows every field of a job', async () => {
    const { body } = await jobs.ask({ view: 'planointegrate_view' })
    expect(body.data.results[0]).toEqual({
      id: expect.any(Number),
      webhook_out_sub_id: subscription,
      webhook_subscriber: 'Jobs',
      callback_url: 'https://crm.example.com/hook?k=9&K=%2f%20',
      order_id: 40017,
      address: '9 Elm Rd, Boulder',
      event: 'order.delivered',
      event_type: 'delivered',
      status: 'scheduled',
      status_code: 502,
      attempts: 1,
      created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      last_sent_at: '2025-03-01T12:03:00.000Z',
    })
    expect(body.data.results[1]).toMatchObject({
      order_id: 'A-7',
      event: null,
      event_type: null,
      status: 'hold',
    })
    expect(body.data.results[4]).toMatchObject({
      status: null,
      status_code: null,
      attempts: 0,
      last_sent_at: null,
    })
  })

  it('view absent shows the basic fields of a job', async () => {
    const { body } = await jobs.ask({})
    expect(body.data.results[0]).toEqual({
      id: expect.any(Number),
      webhook_out_sub_id: subscription,
      order_id: 40017,
      event_type: 'delivered',
      status: 'scheduled',
      status_code: 502,
      created_at: expect.any(String),
      last_sent_at: '2025-03-01T12:03:00.000Z',
    })
  })

  it('count true adds the number of jobs before paging, after search and filters', async () => {
    expect((await jobs.ask({})).body.data.count).toBeUndefined()
    expect((await jobs.ask({ count: false })).body.data.count).toBeUndefined()
    expect((await jobs.ask({ count: true, page: { size: 1, number: 1 } })).body.data.count).toBe(5)
    expect((await jobs.ask({ count: 'true', page: { number: 9 } })).body.data).toEqual({
      count: 5,
      results: [],
    })
    expect((await jobs.ask({ count: true, filters: { status_code: [500, 502] } })).body.data.count).toBe(2)
    expect((await jobs.ask({ count: true, search: { term: 'elm' } })).body.data.count).toBe(4)
  })

  it('page.size and page.number cut pages that neither repeat nor skip', async () => {
    const pageOf = (number: number) => jobs.list({ page: { size: '2', number } })
    expect([await pageOf(1), await pageOf(2), await pageOf(3), await pageOf(4)]).toEqual([
      'ac',
      'eb',
      'd',
      '',
    ])
    expect(await jobs.list({}, `${jobsIndex}?page[size]=1&page[number]=2`)).toBe('c')
  })

  it.each([
    ['status_code', 'asc', 'dbeca'],
    ['status_code', 'desc', 'acebd'],
    ['event_type', 'asc', 'cdaeb'],
    ['event_type', 'desc', 'beadc'],
    ['last_sent_at', 'asc', 'dbeca'],
    ['last_sent_at', 'desc', 'acebd'],
  ])('sort.by %s with sort.order %s has a stable order under ties', async (by, order, expected) => {
    expect(await jobs.list({ sort: { by, order } })).toBe(expected)
    const singly = []
    for (let number = 1; number <= 5; number += 1)
      singly.push(await jobs.list({ sort: { by, order }, page: { size: 1, number } }))
    expect(singly.join('')).toBe(expected)
    const filters = { date_range_start: '2025-01-01' }
    expect(await jobs.list({ sort: { by, order }, filters, page: { size: 3, number: 1 } })).toBe(
      expected.slice(0, 3),
    )
    expect(await jobs.list({ sort: { by, order }, filters: { status_code: [200, 500] } })).toBe(
      expected.replace(/[ad]/g, ''),
    )
    expect(await jobs.list({ sort: { by, order }, search: { term: 'm' } })).toBe(expected)
  })

  it('sort.order is asc when only sort.by is given', async () => {
    expect(await jobs.list({ sort: { by: 'status_code' } })).toBe('dbeca')
    expect(await jobs.list({ sort: { order: 'asc' } })).toBe('dbeca')
  })

  it('sort.by event_type finds a page far behind', async () => {
    const sort = { by: 'event_type', order: 'asc' }
    const { body } = await jobs.ask({ sort, page: { size: 100, number: 30 }, count: true })
    expect(body.data).toEqual({ count: 5, results: [] })
  })

  it('token and integration_id keep other integrations out', async () => {
    const { body } = await supertest(api.url)
      .post(jobsIndex)
      .send({ token: api.tokens.theirs, integration_id: theirs, count: true })
    expect(body.data.count).toBe(1)
    const refused = await jobs.ask({ token: api.tokens.theirs })
    expect(refused.body.errors).toEqual([{ attr: 'integration_id', message: 'unauthorized' }])
  })

  it.each<[object, string]>([
    [{ page: { size: 0 } }, 'page.size'],
    [{ page: { size: 101 } }, 'page.size'],
    [{ page: { number: 0 } }, 'page.number'],
    [{ page: { number: 4_001 } }, 'page.number'],
    [{ page: { size: 'x' } }, 'page.size'],
    [{ page: { offset: 1 } }, 'page.offset'],
    [{ page: 5 }, 'page'],
    [{ sort: { by: 'id' } }, 'sort.by'],
    [{ sort: { order: 'up' } }, 'sort.order'],
    [{ sort: { way: 'up' } }, 'sort.way'],
    [{ sort: 'id' }, 'sort'],
    [{ count: 'x' }, 'count'],
    [{ view: 'default' }, 'view'],
    [{ view: 'nope' }, 'view'],
    [{ view: 5 }, 'view'],
    [{ filters: ['active'] }, 'filters'],
    [{ integration_id: theirs }, 'integration_id'],
    [{ integration_id: ours + 0.5 }, 'integration_id'],
  ])('answers invalid-param to %j', async (change, attr) => {
    const answer = await jobs.ask(change)
    expect(answer.body).toMatchObject({ code: 400, status: 'invalid-param' })
    expect(answer.body.errors.map((error) => error.attr)).toContain(attr)
  })
})
