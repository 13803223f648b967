import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { codeOf, expectDocument, expectErrors, newApplication, root } from './support/planning-center.ts'
import { startPlanningCenterEvents, type PlanningCenterEvents } from './support/planning-center-events.ts'
import { theirs } from './support/start-test-api.ts'

let pco: PlanningCenterEvents
beforeAll(async () => {
  pco = await startPlanningCenterEvents()
})
afterAll(() => pco.close())

describe('an event', () => {
  it('GET events/{id} reads it, with its links', async () => {
    const [first] = pco.events
    const answer = await pco.call('get', `${pco.at}/${first}`)
    expectDocument(answer, 'one Event')
    const self = `${pco.api.url}${root}${pco.at}/${first}`
    expect(answer.body.data.links).toEqual({
      deliveries: `${self}/deliveries`,
      ignore: `${self}/ignore`,
      redeliver: `${self}/redeliver`,
      self,
    })
    expect(answer.body.meta.parent).toEqual({ id: String(pco.subscription), type: 'WebhookSubscription' })
  })

  it('has the uuid that its deliveries carry, and the status pending until it was sent', async () => {
    const { data } = (await pco.call('get', `${pco.at}/${pco.events[0]}`)).body
    expect(pco.api.deps.publicIds.decode('delivery', data.attributes.uuid)).toBe(pco.events[0])
    expect(data.attributes.status).toBe('pending')
  })

  it('payload is a string that encodes a JSON:API document with what was posted', async () => {
    const trigger = await pco.accept({ occurrence_id: 'evt-1', order: { total: '1.10' }, order_id: 'A-7' })
    const event = await pco.seed(pco.subscription, 'delivered', trigger)
    const { payload } = (await pco.call('get', `${pco.at}/${event}`)).body.data.attributes
    expect(JSON.parse(payload)).toMatchObject({
      data: { type: 'Order', id: 'A-7', attributes: { total: '1.10' } },
      included: [],
      meta: { parent: { id: '12', type: 'Organization' }, idempotency_token: 'evt-1' },
    })
  })

  it('person is the trigger’s person, and null where it names none', async () => {
    const personOf = async (change: Record<string, unknown>) => {
      const event = await pco.seed(pco.subscription, 'delivered', await pco.accept(change))
      const answer = await pco.call('get', `${pco.at}/${event}`)
      expectDocument(answer, 'one Event')
      return answer.body.data.relationships.person.data
    }
    expect(await personOf({ person: 'p-5' })).toEqual({ type: 'Person', id: 'p-5' })
    expect(await personOf({ person: 5 })).toEqual({ type: 'Person', id: '5' })
    expect(await personOf({})).toBeNull()
  })

  it('subscription has the type Subscription in every version', async () => {
    const { data } = (await pco.call('get', `${pco.at}/${pco.events[0]}`)).body
    expect(data.relationships.subscription.data).toEqual({
      type: 'Subscription',
      id: String(pco.subscription),
    })
  })

  it('created_at is when it was made, updated_at when it was last sent', async () => {
    const event = await pco.seed(pco.subscription)
    await pco.api.database.sql`
      UPDATE deliveries SET created_at = '2025-03-04T10:00:00.9Z', last_sent_at = '2025-03-04T10:01:00Z'
      WHERE id = ${event}::bigint`
    const { attributes } = (await pco.call('get', `${pco.at}/${event}`)).body.data
    expect([attributes.created_at, attributes.updated_at]).toEqual([
      '2025-03-04T10:00:00Z',
      '2025-03-04T10:01:00Z',
    ])
  })

  it('is 404 by its uuid, of another subscription, of another integration, and for what is no id', async () => {
    const { uuid } = (await pco.call('get', `${pco.at}/${pco.events[0]}`)).body.data.attributes
    for (const one of [uuid, 0, '1', '01', 'x', '9007199254740993', '99999999999999999999', '-1', '%00'])
      expectErrors(await pco.call('get', `${pco.at}/${one}`), 404)
    const other = await pco.subscribe()
    for (const path of ['', '/deliveries'])
      expectErrors(
        await pco.call('get', `/webhook_subscriptions/${other}/events/${pco.events[0]}${path}`),
        404,
      )
    for (const action of ['ignore', 'redeliver'])
      expectErrors(
        await pco.call('post', `/webhook_subscriptions/${other}/events/${pco.events[0]}/${action}`),
        404,
      )
    const stranger = await newApplication(pco.api, { integrations: [theirs] })
    expectErrors(await pco.call('get', `${pco.at}/${pco.events[0]}`, stranger), 404)
    expectErrors(await pco.call('post', `${pco.at}/${pco.events[2]}/ignore`, stranger), 404)
    expect(await pco.statusOf(pco.events[2] ?? 0)).toBe(codeOf('failed'))
  })
})
