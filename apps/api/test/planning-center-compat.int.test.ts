import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { profiles } from '@waybill/domain'
import supertest from 'supertest'
import {
  codeOf,
  expectDocument,
  expectErrors,
  newApplication,
  root,
  startPlanningCenter,
  type Application,
  type PlanningCenter,
} from './support/planning-center.ts'
import { ours, theirs } from './support/start-test-api.ts'

/** The statuses of "Event", written from the page and not from the catalogue. */
const statuses = [
  'pending',
  'delivered',
  'failed',
  'skipped',
  'duplicated',
  'ignored_failed',
  'ignored_skipped',
  'ignored_duplicated',
] as const

let pco: PlanningCenter
let subscription: number
let event: number
let delivery: string
let stranger: Application
beforeAll(async () => {
  pco = await startPlanningCenter()
  subscription = await pco.subscribe()
  event = await pco.seed(subscription, 'failed')
  const { body } = await pco.call('get', `/webhook_subscriptions/${subscription}/events/${event}/deliveries`)
  delivery = body.data[0].id
  stranger = await newApplication(pco.api, { integrations: [theirs] })
})
afterAll(() => pco.close())

const fill = (path: string) =>
  path
    .replace('{id}', String(subscription))
    .replace('{event_id}', String(event))
    .replace('{delivery_id}', delivery)

type Endpoint = ['get' | 'post' | 'patch' | 'delete', string]
const open: Endpoint[] = [
  ['get', ''],
  ['get', '/me'],
  ['get', '/available_events'],
  ['get', '/webhook_subscriptions'],
  ['post', '/webhook_subscriptions'],
]
const owned: Endpoint[] = [
  ['get', '/webhook_subscriptions/{id}'],
  ['patch', '/webhook_subscriptions/{id}'],
  ['delete', '/webhook_subscriptions/{id}'],
  ['post', '/webhook_subscriptions/{id}/rotate_secret'],
  ['get', '/webhook_subscriptions/{id}/events'],
  ['get', '/webhook_subscriptions/{id}/events/{event_id}'],
  ['post', '/webhook_subscriptions/{id}/events/{event_id}/ignore'],
  ['post', '/webhook_subscriptions/{id}/events/{event_id}/redeliver'],
  ['get', '/webhook_subscriptions/{id}/events/{event_id}/deliveries'],
  ['get', '/webhook_subscriptions/{id}/events/{event_id}/deliveries/{delivery_id}'],
]
const withBody = (method: Endpoint[0]) =>
  method === 'patch' ? { data: { attributes: { active: false } } } : undefined

/** What a stranger must not have changed. */
async function expectUntouched(): Promise<void> {
  const { body } = await pco.call('get', `/webhook_subscriptions/${subscription}`)
  expect(body.data?.attributes.active).toBe(true)
  expect(await pco.statusOf(event)).toBe(codeOf('failed'))
}

describe('every endpoint', () => {
  it.each([...open, ...owned])('%s %s must be authenticated', async (method, path) => {
    const agent = supertest(pco.api.url)
    const answer = await agent[method](root + fill(path)).send(withBody(method))
    expectErrors(answer, 401)
    await expectUntouched()
  })

  it.each(owned)('%s %s is 404 for the application of another organization', async (method, path) => {
    const answer = await pco.call(method, fill(path), stranger).send(withBody(method))
    expectErrors(answer, 404)
    await expectUntouched()
  })

  it.each(owned.filter(([method]) => method === 'get'))(
    '%s %s answers 200 under both paths',
    async (method, path) => {
      for (const prefix of ['/webhook_subscriptions', '/subscriptions']) {
        const answer = await pco.call(method, fill(path).replace('/webhook_subscriptions', prefix))
        expect([prefix, answer.status]).toEqual([prefix, 200])
      }
    },
  )
})

describe('an Event, as its page lists it', () => {
  it('has the attributes, relationships and types of the page’s example', async () => {
    const at = `/webhook_subscriptions/${subscription}/events/${event}`
    const { data } = (await pco.call('get', at)).body
    const date = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
    expect(data).toEqual({
      type: 'Event',
      id: String(event),
      attributes: {
        created_at: date,
        payload: expect.stringMatching(/^\{"data":\{/),
        status: 'failed',
        updated_at: date,
        uuid: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      },
      relationships: {
        subscription: { data: { type: 'Subscription', id: String(subscription) } },
        person: { data: null },
      },
      links: expect.anything(),
    })
  })

  it.each(statuses)('status %s is shown, filtered by and counted', async (status) => {
    const own = await pco.subscribe()
    for (const one of statuses) await pco.seed(own, one)
    const answer = await pco.call('get', `/webhook_subscriptions/${own}/events?where[status]=${status}`)
    expectDocument(answer, 'many Event')
    expect(answer.body.data.map((one: { attributes: object }) => one.attributes)).toMatchObject([{ status }])
    expect(answer.body.meta.total_count).toBe(1)
  })

  it('where, order, per_page and offset add up', async () => {
    const own = await pco.subscribe()
    const failed: number[] = []
    for (const status of ['failed', 'delivered', 'failed', 'failed'] as const) {
      const id = await pco.seed(own, status)
      if (status === 'failed') failed.push(id)
    }
    const query = 'where[status]=failed&order=-created_at&per_page=1&offset=1'
    const answer = await pco.call('get', `/webhook_subscriptions/${own}/events?${query}`)
    expectDocument(answer, 'many Event')
    expect(answer.body.data.map(({ id }: { id: string }) => Number(id))).toEqual([failed[1]])
    expect(answer.body.meta).toMatchObject({
      total_count: 3,
      count: 1,
      next: { offset: 2 },
      prev: { offset: 0 },
    })
  })
})

describe('the profile planning-center', () => {
  it('has the documented schedule: 30 s, doubling from 1 to 1,024 minutes, then daily four times', () => {
    const { gapsMs, afterLast } = profiles['planning-center'].schedule
    const minutes = [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024, 1_440, 1_440, 1_440, 1_440]
    expect(gapsMs).toEqual(minutes.map((gap) => gap * 60_000))
    expect(afterLast).toBe('exhausted')
  })

  it('is what a subscription made here gets', async () => {
    const [row] = await pco.api.database.sql`
      SELECT profile, integration FROM subscriptions WHERE id = ${subscription}::int`
    expect(row).toEqual({ profile: 4, integration: ours })
  })
})
