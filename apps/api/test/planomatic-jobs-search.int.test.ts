import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { updateSubscription } from '@waybill/db'
import { asSubscriptionId } from '@waybill/domain'
import { catalogueId, jobsIndex, planomaticJobs } from './support/planomatic-jobs.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let jobs: ReturnType<typeof planomaticJobs>

const event = (name: string) => catalogueId('order_event', name)
const status = (name: string) => catalogueId('order_status', name)

beforeAll(async () => {
  api = await startTestApi()
  jobs = planomaticJobs(api)
  const yard = await jobs.subscribe({
    key: 'yard',
    name: 'Yard CRM',
    callback_url: 'https://one.example.com/Hook',
  })
  const elm = await jobs.subscribe({
    key: 'elm',
    name: 'Élan & Elm',
    callback_url: 'https://two.example.com/100%25',
  })
  await updateSubscription(api.database.orm, 'test', ours, asSubscriptionId(yard), { name: 'Yard Suite' })
  const order = (id: string, address: string) =>
    jobs.accept({ order_id: id, order: { property: { address } } })
  const first = await order('A-100', '9 Elm Rd, Boulder')
  const second = await order('B_200', '77 Oak Ave, 100% Street')
  const third = await order('C3-ÄÖ', 'ÜNTERWEG 5, УЛИЦА')
  const foreign = await jobs.accept({ integration_id: theirs, order: { property: { address: '1 Elm Rd' } } })
  const hold = status('hold')
  const scheduled = status('scheduled')
  const at = (minute: number) => new Date(Date.UTC(2025, 2, 1, 12, minute))
  await jobs.seed('a', {
    trigger: first,
    subscription: yard,
    eventId: event('appointment.scheduled'),
    createdAt: at(4),
  })
  await jobs.seed('b', {
    trigger: second,
    subscription: yard,
    revision: 2,
    eventId: event('order.delivered'),
    orderStatus: scheduled,
    createdAt: at(3),
  })
  await jobs.seed('c', {
    trigger: third,
    subscription: elm,
    profile: 'planomatic-v2',
    eventId: hold,
    orderStatus: hold,
    code: 500,
    createdAt: at(2),
  })
  await jobs.seed('y', {
    trigger: foreign,
    integration: theirs,
    subscription: elm,
    eventId: event('order.delivered'),
  })
})
afterAll(() => api.close())

const find = (term: string, attributes?: string[]) =>
  jobs.list({ search: { term, ...(attributes ? { attributes } : {}) } })

describe('webhook_jobs/index search', () => {
  it.each<[string, string, string]>([
    ['status', 'SCHEDUL', 'b'],
    ['status', 'hold', 'c'],
    ['address', 'elm rd', 'a'],
    ['address', 'ünter', 'c'],
    ['event', 'appointment.sch', 'a'],
    ['event', 'Delivered', 'b'],
    ['order_id', 'a-1', 'a'],
    ['order_id', 'C3', 'c'],
    ['address', 'Улица', 'c'],
    ['order_id', '3-äÖ', 'c'],
    ['webhook_subscriber', 'yard c', 'a'],
    ['webhook_subscriber', 'yard', 'ab'],
    ['webhook_subscriber', 'ÉLAN', 'c'],
    ['callback_url', '/hook', 'ab'],
    ['callback_url', 'two.example', 'c'],
  ])('search.attributes %s compares with it alone: %s', async (attribute, term, expected) => {
    expect(await find(term, [attribute])).toBe(expected)
    const others = ['status', 'address', 'event', 'order_id', 'webhook_subscriber', 'callback_url'].filter(
      (name) => name !== attribute,
    )
    for (const other of others)
      expect(`${other} ${await find(term, [other])}`).not.toBe(`${other} ${expected}`)
  })

  it('search.term is compared with all six attributes when search.attributes is absent or empty', async () => {
    expect(await find('elm')).toBe('ac')
    expect(await find('elm', [])).toBe('ac')
    expect(await find('scheduled')).toBe('ab')
    expect(await find('example.com')).toBe('abc')
    expect(await find('elm', ['address', 'webhook_subscriber'])).toBe('ac')
  })

  it('search.term finds nothing without an error', async () => {
    const answer = await jobs.ask({ search: { term: 'nowhere' }, count: true })
    expect(answer.body.data).toEqual({ count: 0, results: [] })
  })

  it('search.term may be short, blank or empty', async () => {
    expect(await find('9')).toBe('a')
    expect(await find('rd', ['address'])).toBe('a')
    expect(await find('_', ['order_id'])).toBe('b')
    expect(await find('  ', ['address'])).toBe('')
    expect(await find('')).toBe('abc')
  })

  it('search.term is taken literally: %, _, \\ and quotes are characters', async () => {
    expect(await find('100%', ['address'])).toBe('b')
    expect(await find('0% s')).toBe('b')
    expect(await find('%')).toBe('bc')
    expect(await find('b_2')).toBe('b')
    for (const term of ['a_1', '9%elm', '\\', "'", "' OR true --", '(', '[a-z]'])
      expect(await find(term)).toBe('')
  })

  it('search.term does not reach from the address into the order id', async () => {
    expect(await find('boulder\na-100')).toBe('')
  })

  it('search and filters narrow each other', async () => {
    const search = { term: 'example' }
    expect(await jobs.list({ search, filters: { status_code: [500] } })).toBe('c')
    expect(await jobs.list({ search, filters: { status: ['scheduled'] } })).toBe('b')
    const answer = await jobs.ask({ search: { term: 'elm' }, filters: { status_code: [200] }, count: true })
    expect(answer.body.data.count).toBe(1)
  })

  it('search.term and search.attributes come in the query string as well', async () => {
    expect(await jobs.list({}, `${jobsIndex}?search[term]=elm&search[attributes]=address,event`)).toBe('a')
    expect(await jobs.list({}, `${jobsIndex}?search.term=ELM&search.attributes[]=webhook_subscriber`)).toBe(
      'c',
    )
  })

  it('search.term may be a number, as an order id is', async () => {
    expect(await jobs.list({ search: { term: 200, attributes: ['order_id'] } })).toBe('b')
  })

  it('search.term with a NUL character in the query string is invalid-param', async () => {
    const answer = await jobs.ask({}, `${jobsIndex}?search.term=a%00b`)
    expect(answer.body.errors).toMatchObject([{ attr: 'search.term' }])
  })

  it.each<[object | string, string]>([
    [{ term: true }, 'search.term'],
    [{ term: 5.5 }, 'search.term'],
    [{ term: 'x'.repeat(256) }, 'search.term'],
    [{ term: 'x', attributes: ['city'] }, 'search.attributes.0'],
    [{ attributes: ['status', null] }, 'search.attributes.1'],
    [{ attributes: 'status' }, 'search.attributes'],
    [{ text: 'x' }, 'search.text'],
    ['elm', 'search'],
  ])('answers invalid-param to the search %j', async (search, attr) => {
    const answer = await jobs.ask({ search })
    expect([answer.status, answer.body.status]).toEqual([400, 'invalid-param'])
    expect(answer.body.errors).toMatchObject([{ attr }])
  })
})
