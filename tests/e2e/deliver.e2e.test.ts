import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Webhook } from 'standardwebhooks'
import { createTestDatabase, eventually, queueBackends, type TestDatabase } from '@waybill/testing'
import { aTriggerBody } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'

type Story = {
  state: string
  matched: number
  deliveries: {
    id: string
    status: string
    subscription: { key: string }
    attempts: { response_status: number }[]
  }[]
}

describe.each(queueBackends())('an order on the $name queue', (backend) => {
  let clone: TestDatabase
  let stack: Stack
  beforeAll(async () => {
    clone = await createTestDatabase()
    stack = await startStack({
      databaseUrl: clone.url,
      queue: backend.config(clone.url),
      // No sweep during these stories: what moves them is the queue.
      workerEnv: { SCHEDULE_SCALE: '0.02', SWEEP_MS: '600000' },
    })
  })
  afterAll(async () => {
    await stack.stop()
    await clone.drop()
  })

  const json = async <T>(method: string, path: string, body?: unknown, status = 200): Promise<T> => {
    const answer = await stack.call(method, path, body)
    const text = await answer.text()
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return JSON.parse(text) as T
  }
  const storyOf = (id: string) =>
    eventually(async () => {
      const story = await json<Story>('GET', `/v1/triggers/${id}`)
      if (story.state !== 'fanned_out') return undefined
      return story.deliveries.every((delivery) => delivery.status === 'delivered') ? story : undefined
    })

  it('has its statuses and events delivered to those who subscribed over either API', async () => {
    const native = await json<{ secret: string }>(
      'POST',
      '/v1/subscriptions',
      { key: 'ledger', name: 'Ledger', url: `${stack.receiver.url}/ledger` },
      201,
    )
    for (const version of ['2', '3']) {
      await json('POST', '/api/v1/webhook_out_subs/create', {
        token: stack.token,
        integration_id: 12,
        key: `crm-${version}`,
        name: `CRM ${version}`,
        callback_url: `${stack.receiver.url}/crm/${version}?k=9&sig=a%2Fb+c`,
        statuses: ['scheduled', 'completed'],
        events: ['appointment.scheduled', 'delivered'],
        version,
      })
    }
    const one = await json<{ id: string }>('POST', '/v1/triggers', aTriggerBody(40_017), 202)
    const { ids } = await json<{ ids: string[] }>(
      'POST',
      '/v1/triggers/batch',
      {
        triggers: [
          aTriggerBody(40_017, { kind: 'order_event', name: 'appointment.scheduled' }),
          aTriggerBody(40_017, { kind: 'order_event', name: 'order.delivered' }),
          aTriggerBody(40_017, { name: 'completed' }),
        ],
      },
      202,
    )
    const stories = await Promise.all([one.id, ...ids].map(storyOf))
    const keys = stories.map((story) => story?.deliveries.map((delivery) => delivery.subscription.key).sort())
    expect(keys).toEqual([
      ['crm-2', 'ledger'],
      ['crm-3', 'ledger'],
      ['crm-3', 'ledger'],
      ['crm-2', 'ledger'],
    ])
    const toLedger = stack.receiver.requests.filter((request) => request.path === '/ledger')
    const types = toLedger.map((request) => {
      const verified = new Webhook(native.secret).verify(
        request.body,
        request.headers as Record<string, string>,
      )
      return (verified as { type: string }).type
    })
    expect(types.sort()).toEqual([
      'appointment.scheduled',
      'order.delivered',
      'order.status.completed',
      'order.status.scheduled',
    ])
    const toCrm = stack.receiver.requests.filter((request) => request.path.startsWith('/crm'))
    expect(new Set(toCrm.map((request) => request.path))).toEqual(
      new Set(['/crm/2?k=9&sig=a%2Fb+c', '/crm/3?k=9&sig=a%2Fb+c']),
    )
  })

  it('shows its deliveries in the jobs index and in the native list', async () => {
    const index = await json<{ data: { count: number; results: { status_code: number }[] } }>(
      'POST',
      '/api/v1/webhook_jobs/index',
      { token: stack.token, integration_id: 12, count: true, filters: { status_code: [200] } },
    )
    expect(index.data.count).toBe(4)
    expect(index.data.results.every((row) => row.status_code === 200)).toBe(true)
    const list = await json<{ data: unknown[]; next: string | null }>('GET', '/v1/deliveries?limit=5')
    expect(list.data).toHaveLength(5)
    const rest = await json<{ data: unknown[] }>(
      'GET',
      `/v1/deliveries?limit=100&cursor=${encodeURIComponent(list.next ?? '')}`,
    )
    expect(rest.data).toHaveLength(3)
  })

  it('is retried while a receiver fails, on schedule, and can be redelivered', async () => {
    await stack.subscribe('/flaky', { filters: { eventIds: [1] } })
    const seen = new Map<string, number>()
    stack.receiver.setResponder(({ webhookId = '', path }) => {
      seen.set(webhookId, (seen.get(webhookId) ?? 0) + 1)
      return { status: path === '/flaky' && (seen.get(webhookId) ?? 0) <= 2 ? 500 : 200 }
    })
    const { id } = await json<{ id: string }>(
      'POST',
      '/v1/triggers',
      aTriggerBody(7, { name: 'assembly' }),
      202,
    )
    const story = await storyOf(id)
    const flaky = story?.deliveries.find((delivery) => delivery.subscription.key.endsWith('/flaky'))
    expect(flaky?.attempts.map((attempt) => attempt.response_status)).toEqual([500, 500, 200])
    await json('POST', `/v1/deliveries/${flaky?.id ?? ''}/redeliver`, undefined, 202)
    await eventually(async () => {
      const again = await json<{ status: string; attempts: unknown[] }>(
        'GET',
        `/v1/deliveries/${flaky?.id ?? ''}`,
      )
      return again.status === 'delivered' && again.attempts.length === 4
    })
  })

  it('waits for a paused subscription and is sent as soon as it is active again', async () => {
    const made = await json<{ id: string }>(
      'POST',
      '/v1/subscriptions',
      { key: 'paused', name: 'Paused', url: `${stack.receiver.url}/paused`, events: ['order.status.hold'] },
      201,
    )
    await json('PATCH', `/v1/subscriptions/${made.id}`, { state: 'paused' })
    const { id } = await json<{ id: string }>('POST', '/v1/triggers', aTriggerBody(8, { name: 'hold' }), 202)
    const isWaiting = async () => {
      const { deliveries } = await json<Story>('GET', `/v1/triggers/${id}`)
      return deliveries.some((one) => one.subscription.key === 'paused' && one.status === 'pending')
    }
    await eventually(isWaiting)
    await json('PATCH', `/v1/subscriptions/${made.id}`, { state: 'active' })
    await storyOf(id)
    expect(stack.receiver.requests.filter((request) => request.path === '/paused')).toHaveLength(1)
  })

  it('is stored once however often a client repeats the call with its key', async () => {
    const headers = { 'idempotency-key': 'order-9-scheduled' }
    const answers = await Promise.all(
      [1, 2, 3, 4].map(() => stack.call('POST', '/v1/triggers', aTriggerBody(9), headers)),
    )
    const bodies = await Promise.all(answers.map((answer) => answer.json() as Promise<{ id: string }>))
    expect(answers.map((answer) => answer.status)).toEqual([202, 202, 202, 202])
    expect(new Set(bodies.map((body) => body.id)).size).toBe(1)
    const other = await stack.call('POST', '/v1/triggers', aTriggerBody(10), headers)
    expect(other.status).toBe(422)
  })
})
