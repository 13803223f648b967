import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { deleteSubscription } from '@waybill/db'
import { asSubscriptionId } from '@waybill/domain'
import supertest from 'supertest'
import { planomaticSubs } from './support/planomatic-subs.ts'
import { ours, startTestApi, theirs, type TestApi } from './support/start-test-api.ts'

let api: TestApi
let subs: ReturnType<typeof planomaticSubs>
beforeAll(async () => {
  api = await startTestApi()
  subs = planomaticSubs(api)
  const url = (name: string) => `https://${name}.example.com/Hook`
  await subs.create({ key: 'a', name: 'Yard_1 CRM', callback_url: url('one'), events: ['delivered'] })
  const b = await subs.create({ key: 'b', name: 'Élan', callback_url: url('two'), active: false })
  await subs.create({ key: 'c', name: 'Depot', callback_url: url('yard'), version: '2', statuses: ['hold'] })
  await subs.create({ key: 'd', name: 'Depot 2', callback_url: url('four'), version: '2', active: false })
  const gone = await subs.create({ key: 'gone' })
  await deleteSubscription(api.database.orm, 'test', ours, asSubscriptionId(gone.id))
  await subs.create({ key: 'foreign' }, api.tokens.theirs, theirs)
  await supertest(api.url)
    .post('/v1/subscriptions')
    .auth(api.tokens.ours, { type: 'bearer' })
    .send({ key: 'native', name: 'Native', url: 'https://native.example.com', events: ['order.delivered'] })
  await subs.update({ id: b.id, version: '3', success_code: '200' })
})
afterAll(() => api.close())

const list = async (body: object, query?: string) => {
  const answer = await subs.index(body, query)
  expect([answer.status, answer.body.status]).toEqual([200, 'action-successful'])
  return answer.body.data.results.map(({ key }) => key).join('')
}

describe('webhook_out_subs/index', () => {
  it("lists the integration's living subscribers, oldest first, and only those of this API", async () => {
    expect(await list({})).toBe('abcd')
  })

  it.each([undefined, 'default', 'planointegrate_view'])(
    'view %s shows the whole subscriber',
    async (view) => {
      const { body } = await subs.index({ view })
      expect(body.data.results[0]).toEqual({
        id: expect.any(Number),
        integration_id: ours,
        key: 'a',
        name: 'Yard_1 CRM',
        callback_url: 'https://one.example.com/Hook',
        statuses: [],
        events: ['order.delivered'],
        notification_emails: null,
        success_code: null,
        payload_render_view: null,
        active: true,
        notify: false,
        version: '3',
        created_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        last_updated: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      })
    },
  )

  it('count true adds the number of subscribers before paging, after search and filters', async () => {
    expect((await subs.index({})).body.data.count).toBeUndefined()
    expect((await subs.index({ count: true, page: { size: 1 } })).body.data.count).toBe(4)
    expect((await subs.index({ count: true, filters: ['active'] })).body.data.count).toBe(2)
    expect((await subs.index({ count: 'true', search: { term: 'depot' } })).body.data.count).toBe(2)
  })

  it.each<[string[], string]>([
    [[], 'abcd'],
    [['active'], 'ac'],
    [['inactive'], 'bd'],
    [['active', 'inactive'], 'abcd'],
    [['version_3'], 'ab'],
    [['version_2'], 'cd'],
    [['version_2', 'version_3'], 'abcd'],
    [['active', 'version_2'], 'c'],
    [['inactive', 'version_3', 'version_2'], 'bd'],
  ])('filters %j keep the subscribers %s', async (filters, expected) => {
    expect(await list({ filters })).toBe(expected)
    expect(await list({}, `?filters=${filters.join(',')}`)).toBe(expected)
    expect(await list({}, `?${filters.map((flag) => `filters[]=${flag}`).join('&')}`)).toBe(expected)
  })

  it('search.term is compared with key, name and callback_url when search.attributes is absent', async () => {
    expect(await list({ search: { term: 'YARD' } })).toBe('ac')
    expect(await list({ search: { term: 'nothing' } })).toBe('')
    expect(await list({ search: { term: 'éLAN' } })).toBe('b')
    expect(await list({ search: { term: 'd_1' } })).toBe('a')
    expect(await list({ search: { term: '%' } })).toBe('')
  })

  it.each([
    ['key', 'C', 'c'],
    ['name', 'yard', 'a'],
    ['callback_url', 'yard', 'c'],
  ])('search.attributes %s compares with it alone', async (attribute, term, expected) => {
    expect(await list({ search: { term, attributes: [attribute] } })).toBe(expected)
    expect(await list({}, `?search[term]=${term}&search[attributes]=${attribute}`)).toBe(expected)
  })

  it('search.term may be a number', async () => {
    expect(await list({ search: { term: 2 } })).toBe('d')
    expect(await list({ search: { term: 40_001 } })).toBe('')
  })

  it('filters come in the query string with the place of each element as well', async () => {
    expect(await list({}, '?filters[0]=inactive&filters[1]=version_3')).toBe('b')
  })

  it('page.size and page.number cut pages', async () => {
    expect(await list({ page: { size: 3 } })).toBe('abc')
    expect(await list({ page: { size: 3, number: 2 } })).toBe('d')
    expect(await list({ page: { size: '3', number: '3' } })).toBe('')
  })

  it.each([
    ['id', 'asc', 'abcd'],
    ['id', 'desc', 'dcba'],
    ['created_at', 'asc', 'abcd'],
    ['created_at', 'desc', 'dcba'],
    ['last_updated', 'asc', 'acdb'],
    ['last_updated', 'desc', 'bdca'],
  ])('sort.by %s with sort.order %s', async (by, order, expected) => {
    expect(await list({ sort: { by, order } })).toBe(expected)
  })

  it('sort.order is asc when only sort.by is given', async () => {
    expect(await list({ sort: { by: 'last_updated' } })).toBe('acdb')
  })

  it.each<[object, string]>([
    [{ integration_id: theirs }, 'integration_id'],
    [{ count: 'x' }, 'count'],
    [{ view: 'other' }, 'view'],
    [{ filters: ['paused'] }, 'filters.0'],
    [{ filters: ['active', 3] }, 'filters.1'],
    [{ filters: { active: true } }, 'filters'],
    [{ filters: 'active' }, 'filters'],
    [{ search: 'x' }, 'search'],
    [{ search: { term: {} } }, 'search.term'],
    [{ search: { term: 'x', attributes: ['status'] } }, 'search.attributes.0'],
    [{ page: { size: 101 } }, 'page.size'],
    [{ page: { number: -1 } }, 'page.number'],
    [{ sort: { by: 'name' } }, 'sort.by'],
    [{ sort: { order: 'ASC' } }, 'sort.order'],
  ])('answers invalid-param to %j', async (body, attr) => {
    const answer = await subs.index(body)
    expect([answer.status, answer.body.status]).toEqual([400, 'invalid-param'])
    expect(answer.body.errors).toMatchObject([{ attr }])
  })

  it.each(['token', 'integration_id'])('%s is required: missing-param', async (attr) => {
    const { body } = await subs.index({ [attr]: null })
    expect(body).toMatchObject({ code: 400, status: 'missing-param', errors: [{ attr, message: 'missing' }] })
  })
})
