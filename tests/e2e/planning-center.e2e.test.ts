import { createHash, createHmac } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  queueBackends,
  type ReceivedRequest,
  type TestDatabase,
} from '@waybill/testing'
import { startStack, type Stack } from './support/start-stack.ts'

type Resource<Attributes> = { id: string; attributes: Attributes }
type Event = Resource<{ status: string; uuid: string; payload: string }>
type Delivery = Resource<{ status: number | null; request_body: string; request_headers: string }>
type Subscription = Resource<{ authenticity_secret: string }>

const [backend] = queueBackends()

describe('a Planning Center subscription', () => {
  let clone: TestDatabase
  let stack: Stack
  let subscription: Subscription
  beforeAll(async () => {
    if (!backend) throw new Error('no queue')
    clone = await createTestDatabase()
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      apiEnv: { PLANNING_CENTER_RATE_LIMIT: '100000', TOKEN_CACHE_MS: '0' },
      workerEnv: { SCHEDULE_SCALE: '0.02' },
    })
    const attributes = { name: 'orders.v2.events.order_status.hold', url: `${stack.receiver.url}/pco` }
    subscription = await call<Subscription>('POST', '', { data: { attributes } })
  })
  afterAll(async () => {
    await stack.stop()
    await clone.drop()
  })

  const call = async <T>(method: string, path: string, body?: unknown): Promise<T> => {
    const answer = await stack.call(method, `/webhooks/v2/webhook_subscriptions${path}`, body)
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return ((await answer.json()) as { data: T }).data
  }
  const events = (query = '') => call<Event[]>('GET', `/${subscription.id}/events?${query}`)
  const deliveries = ({ id }: Event) => call<Delivery[]>('GET', `/${subscription.id}/events/${id}/deliveries`)
  const act = ({ id }: Event, action: string) =>
    call<Event>('POST', `/${subscription.id}/events/${id}/${action}`)
  const order = { total: '1.10', notes: 'Straße ✓ "quoted"' }
  const newest = async () => (await events('order=-created_at&per_page=1'))[0]
  /** The event once it has the status. */
  const becomes = (status: string, id: string) =>
    eventually(async () => {
      const event = await call<Event>('GET', `/${subscription.id}/events/${id}`)
      if (event.attributes.status !== status) throw new Error(`it is ${event.attributes.status}`)
      return event
    })
  /** Posts a trigger; the event that it makes, once that has the status. */
  const tell = async (status: string, more: object = {}): Promise<Event> => {
    const before = await newest()
    const answer = await stack.call('POST', '/v1/triggers', {
      integration_id: 12,
      kind: 'order_status',
      name: 'hold',
      order_id: 'A-7',
      order,
      ...more,
    })
    if (answer.status !== 202) throw new Error(await answer.text())
    const made = await eventually(async () => {
      const event = await newest()
      if (!event || event.id === before?.id) throw new Error('there is no event yet')
      return event
    })
    return becomes(status, made.id)
  }
  const requestsOf = ({ id }: Event): ReceivedRequest[] =>
    stack.receiver.requests.filter((request) => request.headers['x-pco-webhooks-event-id'] === id)

  it('shows of every attempt the very body and headers that were sent, signed with its secret', async () => {
    stack.receiver.setResponder((_request, count) => ({ status: count <= 2 ? 500 : 200 }))
    const event = await tell('delivered', { person: 'p-1' })
    const shown = await deliveries(event)
    expect(shown.map(({ attributes }) => attributes.status)).toEqual([500, 500, 200])
    const sent = requestsOf(event)
    expect(shown.map(({ attributes }) => attributes.request_body)).toEqual(sent.map(({ body }) => body))
    const rows = await stack.sql<{ hash: Buffer }[]>`
      SELECT body_hash AS hash FROM attempts WHERE delivery = ${event.id}::bigint ORDER BY n`
    expect(rows.map(({ hash }) => hash.toString('hex'))).toEqual(
      shown.map(({ attributes }) => createHash('sha256').update(attributes.request_body).digest('hex')),
    )
    const { authenticity_secret: secret } = subscription.attributes
    for (const [i, { headers, body }] of sent.entries()) {
      expect(headers['x-pco-webhooks-authenticity']).toBe(
        createHmac('sha256', secret).update(body).digest('hex'),
      )
      const told = JSON.parse(shown[i]?.attributes.request_headers ?? '') as Record<string, string>
      for (const [name, value] of Object.entries(told)) expect(headers[name.toLowerCase()]).toBe(value)
      const [delivery] = (JSON.parse(body) as { data: { id: string; attributes: object }[] }).data
      expect(delivery).toMatchObject({
        id: event.attributes.uuid,
        attributes: {
          name: 'orders.v2.events.order_status.hold',
          attempt: i + 1,
          payload: event.attributes.payload,
        },
      })
    }
    expect(JSON.parse(event.attributes.payload)).toMatchObject({
      data: { type: 'Order', id: 'A-7', attributes: order },
    })
  })

  it('is signed with the new secret after rotate_secret', async () => {
    stack.receiver.setResponder(() => ({ status: 200 }))
    const rotated = await call<Subscription>('POST', `/${subscription.id}/rotate_secret`)
    const [request] = requestsOf(await tell('delivered'))
    expect(request?.headers['x-pco-webhooks-authenticity']).toBe(
      createHmac('sha256', rotated.attributes.authenticity_secret)
        .update(request?.body ?? '')
        .digest('hex'),
    )
  })

  it('gets no more of an event that was ignored, until it is redelivered', async () => {
    stack.receiver.setResponder(() => ({ status: 500 }))
    const event = await tell('failed')
    expect((await act(event, 'ignore')).attributes.status).toBe('ignored_failed')
    await eventually(async () => (await stack.sql`SELECT FROM due`).length === 0)
    stack.receiver.setResponder(() => ({ status: 200 }))
    const before = (await deliveries(event)).length
    expect((await act(event, 'redeliver')).attributes.status).toBe('pending')
    await becomes('delivered', event.id)
    expect((await deliveries(event)).length).toBeGreaterThan(before)
  })

  it('gets an occurrence once: the second event is duplicated', async () => {
    const first = await tell('delivered', { occurrence_id: 'evt-1' })
    const second = await tell('duplicated', { occurrence_id: 'evt-1' })
    expect(await deliveries(second)).toEqual([])
    const tokens = [first, second].map(
      ({ attributes }) =>
        (JSON.parse(attributes.payload) as { meta: { idempotency_token: string } }).meta.idempotency_token,
    )
    expect(tokens).toEqual(['evt-1', 'evt-1'])
  })

  it('has skipped events while it is inactive; a redelivered one goes out once it is active', async () => {
    await call('PATCH', `/${subscription.id}`, { data: { attributes: { active: false } } })
    const event = await tell('skipped')
    expect((await act(event, 'redeliver')).attributes.status).toBe('pending')
    await call('PATCH', `/${subscription.id}`, { data: { attributes: { active: true } } })
    await becomes('delivered', event.id)
    expect(requestsOf(event)).toHaveLength(1)
  })

  it('is deactivated by a 410', async () => {
    stack.receiver.setResponder(() => ({ status: 410 }))
    await tell('failed')
    await eventually(async () => {
      const { attributes } = await call<Resource<{ active: boolean }>>('GET', `/${subscription.id}`)
      return !attributes.active
    })
  })
})
