import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { catalogue } from '@waybill/domain'
import supertest from 'supertest'
import {
  eventName,
  expectDocument,
  expectErrors,
  hook,
  newApplication,
  root,
  startPlanningCenter,
  type PlanningCenter,
} from './support/planning-center.ts'
import { ours, theirs } from './support/start-test-api.ts'

let pco: PlanningCenter
beforeAll(async () => {
  pco = await startPlanningCenter()
})
afterAll(() => pco.close())

const subscriptions = '/webhook_subscriptions'
const good = (attributes: object = {}) => ({ name: eventName, url: hook, ...attributes })
const post = (attributes: object, more: object = {}) =>
  pco.call('post', subscriptions).send({ data: { attributes, ...more } })

describe('the organization', () => {
  it('GET /webhooks/v2 is the Organization of the token', async () => {
    const answer = await pco.call('get', '')
    expectDocument(answer, 'one Organization')
    expect(answer.body.data.id).toBe(String(ours))
  })

  it('is the lowest-numbered integration of a token that reaches several', async () => {
    const both = await newApplication(pco.api, { integrations: [theirs, ours] })
    expect((await pco.call('get', '', both)).body.data.id).toBe(String(ours))
  })

  it('refuses a token that reaches none with 403', async () => {
    const none = await newApplication(pco.api, { integrations: [] })
    expectErrors(await pco.call('get', '', none), 403)
  })

  it('GET /me is a Person with the name of the token', async () => {
    const answer = await pco.call('get', '/me')
    expectDocument(answer, 'one Person')
    expect(answer.body.data).toMatchObject({
      id: String(pco.application.id),
      attributes: { name: 'Yard app' },
    })
  })

  it('GET /available_events lists every event with a name in this dialect, and its parts', async () => {
    const answer = await pco.call('get', '/available_events?per_page=100')
    expectDocument(answer, 'many AvailableEvent')
    const known = catalogue.map((entry) => entry.dialects['planning-center'])
    const names = answer.body.data.map((one: { attributes: { name: string } }) => one.attributes.name)
    expect(names).toEqual(known)
    expect(answer.body.meta).toMatchObject({ total_count: known.length, parent: { id: String(ours) } })
    expect(answer.body.data[names.indexOf(eventName)].attributes).toEqual({
      name: eventName,
      app: 'orders',
      version: 'v2',
      type: 'events',
      resource: 'order',
      action: 'delivered',
    })
  })

  it('pages available_events', async () => {
    const answer = await pco.call('get', '/available_events?per_page=20&offset=40')
    expectDocument(answer, 'many AvailableEvent')
    expect(answer.body.data).toHaveLength(catalogue.length - 40)
    expect(answer.body.meta.next).toBeUndefined()
    expect(answer.body.meta.prev).toEqual({ offset: 20 })
  })

  it('has no single AvailableEvent', async () => {
    expectErrors(await pco.call('get', `/available_events/${eventName}`), 404)
  })
})

describe('creating a subscription', () => {
  it('POST /webhook_subscriptions makes one with name, url and active, and answers 201', async () => {
    const answer = await pco.call('post', subscriptions).send({
      data: { type: 'WebhookSubscription', attributes: good({ active: true }) },
    })
    expectDocument(answer, 'one WebhookSubscription', 201)
    const { data, meta } = answer.body
    const self = `${pco.api.url}${root}${subscriptions}/${data.id}`
    expect(data.attributes).toMatchObject({ name: eventName, url: hook, active: true })
    expect(data.links).toEqual({ self, events: `${self}/events`, rotate_secret: `${self}/rotate_secret` })
    expect(answer.headers['location']).toBe(self)
    expect(meta.parent).toEqual({ id: String(ours), type: 'Organization' })
    const [row] = await pco.api.database.sql`
      SELECT profile, state, filters FROM subscriptions WHERE id = ${Number(data.id)}::int`
    expect(row).toEqual({ profile: 4, state: 1, filters: { eventIds: [110] } })
    expect(await pco.auditOf(data.id)).toEqual([`token:${pco.application.id} subscription.created`])
  })

  it('is active unless it says active: false', async () => {
    expect((await post(good())).body.data.attributes.active).toBe(true)
    expect((await post(good({ active: null }))).body.data.attributes.active).toBe(true)
    expect((await post(good({ active: false }))).body.data.attributes.active).toBe(false)
  })

  it.each([undefined, null, 'Subscription', 'WebhookSubscription'])('takes the type %p', async (type) => {
    const answer = await post(good(), type === undefined ? {} : { type })
    expect([answer.status, answer.body.data.type]).toEqual([201, 'WebhookSubscription'])
  })

  it('needs no data.id and ignores one', async () => {
    expect((await post(good(), { id: 'nonsense' })).status).toBe(201)
  })

  it('authenticity_secret is a text of 64 hexadecimal digits, kept as that text', async () => {
    const { body } = await post(good())
    const secret = body.data.attributes.authenticity_secret
    expect(secret).toMatch(/^[0-9a-f]{64}$/)
    const read = await pco.call('get', `${subscriptions}/${body.data.id}`)
    expect(read.body.data.attributes.authenticity_secret).toBe(secret)
  })

  it('application_id is the application by HTTP Basic as a number, and null for a bearer token', async () => {
    expect((await post(good())).body.data.attributes.application_id).toBe(pco.application.id)
    const answer = await supertest(pco.api.url)
      .post(root + subscriptions)
      .auth(pco.application.token, { type: 'bearer' })
      .send({ data: { attributes: good() } })
    expect([answer.status, answer.body.data.attributes.application_id]).toEqual([201, null])
  })

  it('is made for the lowest-numbered integration of the token', async () => {
    const both = await newApplication(pco.api, { integrations: [theirs, ours] })
    const [row] = await pco.api.database.sql`
      SELECT integration FROM subscriptions WHERE id = ${await pco.subscribe({}, both)}::int`
    expect(row).toEqual({ integration: ours })
  })

  it('sends its mails to the address of the token, where it has one', async () => {
    const mailed = await newApplication(pco.api, { email: 'ops@rx.example.com' })
    const ids = [await pco.subscribe({}, mailed), await pco.subscribe()]
    const rows = await pco.api.database.sql`
      SELECT notify, notification_emails AS emails FROM subscriptions WHERE id = ANY(${ids}::int[]) ORDER BY id`
    expect([...rows]).toEqual([
      { notify: true, emails: 'ops@rx.example.com' },
      { notify: false, emails: null },
    ])
  })

  it('refuses an event that is not available with 422 in the documented words', async () => {
    const scoped = await newApplication(pco.api, { scopes: ['v1', 'planning-center'] })
    const answer = await pco
      .call('post', subscriptions, scoped)
      .send({ data: { attributes: good({ name: 'people.v2.events.person.created' }) } })
    expectErrors(answer, 422)
    expect(answer.body.errors).toEqual([
      {
        status: '422',
        title: 'Validation Error',
        detail:
          'Event "people.v2.events.person.created" is not available for subscription within current OAuth2 scope (v1 planning-center).',
        source: { parameter: 'base' },
        meta: { resource: 'Subscription', associated_resources: [] },
      },
    ])
  })

  it.each<[object, string]>([
    [{ name: undefined }, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: 'order.delivered' }, 'base'],
    [{ name: '\ud800' }, 'base'],
    [{ url: undefined }, 'url'],
    [{ url: null }, 'url'],
    [{ url: 7 }, 'url'],
    [{ url: 'ftp://rx.example.com' }, 'url'],
    [{ url: 'http://127.0.0.1/hook' }, 'url'],
    [{ url: `https://rx.example.com/${'x'.repeat(3_000)}` }, 'url'],
    [{ active: 'yes' }, 'active'],
  ])('refuses %j with 422 and its source', async (change, parameter) => {
    const answer = await post(good(change))
    expectErrors(answer, 422)
    expect(answer.body.errors.map((one: { source: { parameter: string } }) => one.source.parameter)).toEqual([
      parameter,
    ])
  })

  it('tells everything that is wrong at once', async () => {
    const answer = await post({ active: 5 })
    expectErrors(answer, 422)
    expect(answer.body.errors).toHaveLength(3)
  })

  it('refuses an organization that is not there with 422', async () => {
    const early = await newApplication(pco.api, { integrations: [777] })
    const answer = await pco.call('post', subscriptions, early).send({ data: { attributes: good() } })
    expectErrors(answer, 422)
  })
})
