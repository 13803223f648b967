import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { asIntegrationId, asSubscriptionId, type IntegrationId, type SubscriptionId } from '@waybill/domain'
import { createTestDatabase, queueBackends, type TestDatabase } from '@waybill/testing'
import { seedSubscribers } from '../bench/support/seed-subscribers.ts'
import { masterKey, yard } from '../support/subscribe-receiver.ts'
import { aTriggerBody, compareLedgers, quiet, type ClientLedger } from './support/ledgers.ts'
import { startStack, type Stack } from './support/start-stack.ts'

const other = asIntegrationId(13)
/** Over what one batch holds, and over what one worker has in flight. */
const many = 700
const some = 40
const triggers = 64

describe.each(queueBackends())('a large fan-out on the $name queue', (backend) => {
  let clone: TestDatabase
  let stack: Stack
  let token: string
  const subscribed: SubscriptionId[] = []
  let otherSubscription: SubscriptionId

  beforeAll(async () => {
    clone = await createTestDatabase()
    stack = await startStack({ databaseUrl: clone.url, queue: backend.config(clone.url) })
    const one = (integration: IntegrationId, path: string, facilities: string[]) => ({
      integration,
      url: `${stack.receiver.url}${path}`,
      facilities,
      timeoutMs: 15_000,
    })
    const seeded = await seedSubscribers(clone.url, masterKey, [
      ...Array.from({ length: many }, (_, i) => one(yard, `/${i}`, i < some ? ['some', 'all'] : ['all'])),
      one(other, '/other', ['all']),
    ])
    token = seeded.token
    const rows = await stack.sql<{ id: SubscriptionId }[]>`SELECT id FROM subscriptions ORDER BY id`
    subscribed.push(...rows.slice(0, many).map(({ id }) => id))
    otherSubscription = rows[many]?.id ?? asSubscriptionId(1)
  }, 120_000)
  afterAll(async () => {
    await stack.stop()
    await clone.drop()
  })
  afterEach(() => stack.receiver.setResponder(() => ({ status: 200 })))

  const post = async (ledger: ClientLedger, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await stack.call('POST', '/v1/triggers', body, headers)
    if (answer.status === 202) ledger.accepted.push(((await answer.json()) as { id: string }).id)
    else ledger.refused.push(answer.status)
  }
  const ledgers = () => ({ accepted: [], refused: [] }) as ClientLedger
  const expectAll = async (ledger: ClientLedger, subscription: SubscriptionId) => {
    const verdict = await compareLedgers(stack.sql, subscription, ledger, stack.receiver)
    expect(verdict).toMatchObject({ lost: [], untrue: [], duplicates: 0 })
  }

  it('of one trigger reaches every subscription once, and others meanwhile get theirs', async () => {
    const [large, small] = [ledgers(), ledgers()]
    // So slow that the large one takes some rounds of all requests a worker has open.
    stack.receiver.setResponder(({ path }) => ({ status: 200, delayMs: path === '/other' ? 0 : 500 }))
    await post(large, aTriggerBody(1, { facility_id: 'all' }))
    await stack.receiver.waitFor((requests) => requests.length >= 100)
    await post(small, aTriggerBody(2, { integration_id: other, facility_id: 'all' }), {
      authorization: `Bearer ${token}`,
    })
    await quiet(stack.sql)
    expect([...large.refused, ...small.refused]).toEqual([])
    const arrived = stack.receiver.requests.map(({ path }) => path)
    expect(arrived).toHaveLength(many + 1)
    expect(arrived.indexOf('/other')).toBeLessThan(many)
    for (const subscription of [subscribed.at(0), subscribed.at(-1)])
      await expectAll(large, subscription ?? otherSubscription)
    await expectAll(small, otherSubscription)
  })

  it('of many triggers at once reaches every subscription once for each', async () => {
    const before = stack.receiver.requests.length
    const ledger = ledgers()
    await Promise.all(
      Array.from({ length: triggers }, (_, i) => post(ledger, aTriggerBody(i, { facility_id: 'some' }))),
    )
    await quiet(stack.sql)
    expect(ledger.refused).toEqual([])
    expect(stack.receiver.requests.length - before).toBe(triggers * some)
    for (const subscription of subscribed.slice(0, some)) await expectAll(ledger, subscription)
  })
})
