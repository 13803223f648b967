import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { asSubscriptionId } from '@waybill/domain'
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
import { theirs } from './support/start-test-api.ts'

let pco: PlanningCenter
beforeAll(async () => {
  pco = await startPlanningCenter()
})
afterAll(() => pco.close())

const subscriptions = '/webhook_subscriptions'

describe('a subscription', () => {
  it('GET /webhook_subscriptions/{id} reads it', async () => {
    const id = await pco.subscribe()
    const answer = await pco.call('get', `${subscriptions}/${id}`)
    expectDocument(answer, 'one WebhookSubscription')
    expect(answer.body.data.id).toBe(String(id))
  })

  it('PATCH active switches it off and on again', async () => {
    const id = await pco.subscribe()
    const patch = (active: boolean) =>
      pco.call('patch', `${subscriptions}/${id}`).send({ data: { attributes: { active } } })
    for (const active of [false, true]) {
      const answer = await patch(active)
      expectDocument(answer, 'one WebhookSubscription')
      expect(answer.body.data.attributes.active).toBe(active)
    }
    expect((await pco.auditOf(id)).slice(1)).toEqual(
      Array(2).fill(`token:${pco.application.id} subscription.updated`),
    )
  })

  it.each<[object, string]>([
    [{ name: 'orders.v2.events.order.received' }, 'name'],
    [{ url: 'https://other.example.com' }, 'url'],
    [{ active: 'no' }, 'active'],
  ])('PATCH %j is refused with 422 and changes nothing', async (attributes, parameter) => {
    const id = await pco.subscribe()
    const answer = await pco
      .call('patch', `${subscriptions}/${id}`)
      .send({ data: { attributes: { active: false, ...attributes } } })
    expectErrors(answer, 422)
    expect(answer.body.errors[0].source).toEqual({ parameter })
    const { attributes: now } = (await pco.call('get', `${subscriptions}/${id}`)).body.data
    expect(now).toMatchObject({ active: true, name: eventName, url: hook })
  })

  it('PATCH takes back everything that was read, and ignores what only we set', async () => {
    const id = await pco.subscribe()
    const { data } = (await pco.call('get', `${subscriptions}/${id}`)).body
    const attributes = { ...data.attributes, authenticity_secret: 'mine', active: false }
    const answer = await pco.call('patch', `${subscriptions}/${id}`).send({ data: { ...data, attributes } })
    expectDocument(answer, 'one WebhookSubscription')
    expect(answer.body.data.attributes).toMatchObject({
      active: false,
      authenticity_secret: data.attributes.authenticity_secret,
    })
  })

  it.each([{}, { attributes: {} }, { attributes: { active: null } }])(
    'PATCH %j changes nothing',
    async (data) => {
      const id = await pco.subscribe()
      expectDocument(
        await pco.call('patch', `${subscriptions}/${id}`).send({ data }),
        'one WebhookSubscription',
      )
      expect(await pco.auditOf(id)).toHaveLength(1)
    },
  )

  it('POST rotate_secret answers 200 with a new secret, and only that one is left', async () => {
    const id = await pco.subscribe()
    const before = (await pco.call('get', `${subscriptions}/${id}`)).body.data.attributes.authenticity_secret
    const answer = await pco.call('post', `${subscriptions}/${id}/rotate_secret`)
    expectDocument(answer, 'one WebhookSubscription')
    const { authenticity_secret: secret } = answer.body.data.attributes
    expect(secret).not.toBe(before)
    const read = await pco.call('get', `${subscriptions}/${id}`)
    expect(read.body.data.attributes.authenticity_secret).toBe(secret)
    const rows = await pco.api.database.sql`SELECT FROM secrets WHERE subscription = ${id}::int`
    expect(rows).toHaveLength(1)
    expect((await pco.auditOf(id)).at(-1)).toBe(`token:${pco.application.id} subscription.updated`)
  })

  it('DELETE answers 204 without a body, and then everything of it is 404', async () => {
    const id = await pco.subscribe()
    const event = await pco.seed(id)
    const answer = await pco.call('delete', `${subscriptions}/${id}`)
    expect([answer.status, answer.text]).toEqual([204, ''])
    for (const path of ['', '/events', `/events/${event}`, `/events/${event}/deliveries`])
      expectErrors(await pco.call('get', `${subscriptions}/${id}${path}`), 404)
    expectErrors(await pco.call('delete', `${subscriptions}/${id}`), 404)
    expectErrors(await pco.call('post', `${subscriptions}/${id}/rotate_secret`), 404)
    expect((await pco.auditOf(id)).at(-1)).toBe(`token:${pco.application.id} subscription.deleted`)
  })

  it('keeps its event’s name when the native API gives it another title', async () => {
    const id = await pco.subscribe()
    const uuid = pco.api.deps.publicIds.encode('subscription', asSubscriptionId(id))
    const renamed = await supertest(pco.api.url)
      .patch(`/v1/subscriptions/${uuid}`)
      .auth(pco.api.tokens.ours, { type: 'bearer' })
      .send({ name: 'Nicer' })
    expect(renamed.status).toBe(200)
    const { body } = await pco.call('get', `${subscriptions}/${id}`)
    expect(body.data.attributes.name).toBe(eventName)
  })

  it('is 404 for another integration’s token, of another dialect, and for what is no id', async () => {
    const stranger = await newApplication(pco.api, { integrations: [theirs] })
    const id = await pco.subscribe()
    expectErrors(await pco.call('get', `${subscriptions}/${id}`, stranger), 404)
    const native = await supertest(pco.api.url)
      .post('/v1/subscriptions')
      .auth(pco.api.tokens.ours, { type: 'bearer' })
      .send({ name: 'Native', url: hook })
    const other = pco.api.deps.publicIds.decode('subscription', native.body.id) as number
    for (const path of [other, 0, -1, '01', '1.0', 'x', '2147483648', '99999999999999999999', '%00', '1e3'])
      expectErrors(await pco.call('get', `${subscriptions}/${path}`), 404)
  })
})

describe('the list of subscriptions', () => {
  it('GET /webhook_subscriptions lists those of the token’s integrations, oldest first', async () => {
    const mine = await newApplication(pco.api, { integrations: [theirs] })
    const ids = [await pco.subscribe({}, mine), await pco.subscribe({ active: false }, mine)]
    const answer = await pco.call('get', subscriptions, mine)
    expectDocument(answer, 'many WebhookSubscription')
    expect(answer.body.data.map((one: { id: string }) => Number(one.id))).toEqual(ids)
    expect(answer.body.meta).toMatchObject({
      total_count: 2,
      count: 2,
      can_order_by: [],
      can_query_by: ['application_id'],
      parent: { id: String(theirs), type: 'Organization' },
    })
  })

  it('where[application_id] keeps those of that application', async () => {
    const other = await newApplication(pco.api)
    const id = await pco.subscribe({}, other)
    const list = async (value: string | number) => {
      const answer = await pco.call('get', `${subscriptions}?where[application_id]=${value}`)
      expectDocument(answer, 'many WebhookSubscription')
      return answer.body.data.map((one: { id: string }) => one.id)
    }
    expect(await list(other.id)).toEqual([String(id)])
    for (const none of [99_999, 0, 'x', '', -1, '99999999999']) expect(await list(none)).toEqual([])
  })

  it('per_page and offset page it, and its links keep the rest of the query', async () => {
    const other = await newApplication(pco.api)
    const ids = [
      await pco.subscribe({}, other),
      await pco.subscribe({}, other),
      await pco.subscribe({}, other),
    ]
    const query = `?where[application_id]=${other.id}&per_page=1`
    const answer = await pco.call('get', `${subscriptions}${query}&offset=1`)
    expectDocument(answer, 'many WebhookSubscription')
    expect(answer.body.data[0].id).toBe(String(ids[1]))
    const at = `${pco.api.url}${root}${subscriptions}`
    const kept = `${at}?where%5Bapplication_id%5D=${other.id}&per_page=1`
    expect(answer.body.links).toEqual({
      self: `${kept}&offset=1`,
      prev: `${kept}&offset=0`,
      next: `${kept}&offset=2`,
    })
    const last = await supertest(answer.body.links.next).get('').auth(String(other.id), other.token)
    expect(last.body.data[0].id).toBe(String(ids[2]))
    expect(last.body.links.next).toBeUndefined()
  })
})
