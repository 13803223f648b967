import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { catalogue } from '@waybill/domain'
import supertest from 'supertest'
import { nursaFaults } from './support/nursa-schemas.ts'
import { seedLog } from './support/seed-log.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'

/** The event types of the pages, written from them and not from the catalogue. */
const ofFacilities = [
  'shift.request.created',
  'shift.request.cancelled',
  'shift.report.created',
  'shift.scheduled.cancelled',
  'shift.scheduled',
  'shift.created',
  'shift.report.accepted-automatically',
  'shift.report.accepted',
  'shift.report.rejected',
  'shift.cancelled',
]
const ofUsers = [
  'facility.user-connection.accepted',
  'facility.user-connection.rejected',
  'facility.creation.accepted',
  'facility.creation.rejected',
]
const base = '/api/v2/public/webhooks'
const hook = 'https://clinic.example.com/in'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
  const { body } = await call('post', 'facility', { url: hook, events: ['all'] })
  const subscription = api.deps.publicIds.decode('subscription', body.data.id) as number
  for (const name of ofFacilities) {
    const entry = catalogue.find((one) => one.kind === 'facility_event' && one.name === name)
    await seedLog(api.database, { integration: ours, subscription, eventId: entry?.id ?? 0, hoursAgo: 1 })
  }
})
afterAll(() => api.close())

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string, body?: object) => {
  const request = supertest(api.url)[method](`${base}/${path}`).auth(api.tokens.ours, { type: 'bearer' })
  return body === undefined ? request : request.send(body)
}

async function typesOf(query: string): Promise<string[]> {
  const answer = await call('get', `logs?limit=100&${query}`)
  expect([answer.status, nursaFaults('logs', answer.body)]).toEqual([201, []])
  return (answer.body.data as { eventType: string }[]).map(({ eventType }) => eventType)
}

describe('webhooks/logs, as its page lists it', () => {
  it.each(ofFacilities)('eventType %s is a value of the filter and of a log', async (name) => {
    expect(await typesOf(`eventType=${name}`)).toEqual([name])
  })

  it('eventType all finds every value of the page', async () => {
    expect((await typesOf('eventType=all')).toSorted()).toEqual(ofFacilities.toSorted())
    expect(await typesOf('eventType=all')).toEqual(await typesOf(''))
  })

  it.each(ofUsers)('eventType %s, which the page does not list, is 400', async (name) => {
    expect((await call('get', `logs?eventType=${name}`)).status).toBe(400)
  })

  it('every query parameter at once is taken', async () => {
    const day = 24 * 3_600_000
    const from = new Date(Date.now() - day).toISOString()
    const to = new Date(Date.now() + day).toISOString()
    const query =
      `facilitiesIds=NUR-000042&facilitiesIds=P-1&eventType=all&startDate=${from}&endDate=${to}` +
      '&offset=1&sortDirection=ASC'
    expect(await typesOf(query)).toHaveLength(ofFacilities.length - 1)
    expect(await typesOf(query.replace('NUR-000042', 'NUR-9'))).toEqual([])
  })

  it('messages of several members come member by member, in the order of the page', async () => {
    const { body } = await call(
      'get',
      'logs?sortDirection=x&limit=101&offset=-1&endDate=2025-03-04&eventType=x',
    )
    const [eventType, ...others] = body.message as string[]
    expect(eventType).toMatch(/^eventType must be one of the following values: /)
    expect(others).toEqual([
      'endDate must be RFC 3339 date',
      'limit must not be greater than 100',
      'offset must not be less than 0',
      'sortDirection must be one of the following values: ASC, DESC',
    ])
  })
})

describe('webhooks, as their pages list them', () => {
  it.each([...ofFacilities, 'all'])('events %s is taken for a webhook of facilities', async (name) => {
    const answer = await call('post', 'facility', { url: hook, events: [name] })
    expect([answer.status, answer.body.data?.events]).toEqual([201, [name]])
  })

  it.each([...ofUsers, 'all'])('events %s is taken for a webhook of users', async (name) => {
    const answer = await call('post', 'user', { url: hook, events: [name] })
    expect([answer.status, answer.body.data?.events]).toEqual([201, [name]])
  })

  it.each(['facility', 'user'])('every call about a webhook of kind %s answers 201', async (kind) => {
    const made = await call('post', kind, { url: hook, events: ['all'], secrets: ['one', 'two'] })
    const id = made.body.data.id as string
    const statuses = [
      made.status,
      (await call('get', kind)).status,
      (await call('patch', `${kind}/${id}`, { secrets: ['three'] })).status,
      (await call('delete', `${kind}/${id}`)).status,
    ]
    expect(statuses).toEqual([201, 201, 201, 201])
  })

  it('PATCH of a webhook of the other kind is 404 Webhook not found', async () => {
    const made = await call('post', 'facility', { url: hook, events: ['all'] })
    const answer = await call('patch', `user/${made.body.data.id}`, { events: ['all'] })
    expect([answer.status, nursaFaults('webhookNotFound', answer.body)]).toEqual([404, []])
  })
})

describe('a trigger about a facility', () => {
  it.each([...ofFacilities, ...ofUsers])('%s is refused without its documented members', async (name) => {
    const answer = await supertest(api.url)
      .post('/v1/triggers')
      .auth(api.tokens.ours, { type: 'bearer' })
      .send({ integration_id: ours, kind: 'facility_event', name, data: {} })
    expect(answer.status).toBe(422)
    const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer)
    const first = name.startsWith('shift.') ? '/data/shiftId' : /^\/data\/facility(Id|Name)$/
    expect(pointers).toContainEqual(expect.stringMatching(first))
  })
})
