import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import supertest from 'supertest'
import { seedDelivery } from './support/seed-delivery.ts'
import { ours, startTestApi, type TestApi } from './support/start-test-api.ts'
import { trigger } from './support/trigger.ts'

let api: TestApi
let redeliver: string
let change: string
beforeAll(async () => {
  api = await startTestApi({ env: { TOKEN_CACHE_MS: '1' } })
  const id = (kind: 'trigger' | 'subscription', uuid: string) =>
    api.deps.publicIds.decode(kind, uuid) as number
  const subscription = await post('/v1/subscriptions', { name: 'CRM', url: 'https://crm.example.com/' })
  const posted = await post('/v1/triggers', trigger())
  const delivery = await seedDelivery(api.database, {
    integration: ours,
    trigger: id('trigger', posted.body.id),
    subscription: id('subscription', subscription.body.id),
    profile: 'standard',
  })
  change = `/v1/subscriptions/${subscription.body.id}`
  redeliver = `/v1/deliveries/${api.deps.publicIds.encode('delivery', delivery)}/redeliver`
  // Makes the lane.
  await post(redeliver, {})
})
beforeEach(() => void api.log.splice(0))
afterAll(() => api.close())

const auth = { type: 'bearer' } as const
const post = (path: string, body: object) =>
  supertest(api.url).post(path).auth(api.tokens.ours, auth).send(body)
const patch = (path: string, body: object) =>
  supertest(api.url).patch(path).auth(api.tokens.ours, auth).send(body)

const holdMs = 4_000
type Answered = { status: number; headers: Record<string, string>; body: { code?: string } }

/** Twenty of these calls a second while the lock is held, and triggers beside them. */
async function callWhileLocked(lock: string, call: () => PromiseLike<Answered>) {
  const calls: Promise<Answered>[] = []
  const seen: string[] = []
  await api.database.sql.begin(async (tx) => {
    await tx.unsafe(lock)
    const endsAt = performance.now() + holdMs
    const accept = async () => {
      while (performance.now() < endsAt) {
        const accepted = await post('/v1/triggers', trigger())
        seen.push(`${accepted.status} ${(await supertest(api.url).get('/readyz')).status}`)
      }
    }
    const accepting = accept()
    while (performance.now() < endsAt) {
      calls.push(Promise.resolve(call()))
      // A transaction that idles for 5 s is ended.
      await Promise.all([pause(50), tx`SELECT 1`])
    }
    await accepting
  })
  return { calls: await Promise.all(calls), seen: new Set(seen) }
}

function expectRefusedEarly(calls: readonly Answered[]): void {
  // The last ones come when the lock is gone.
  const refused = calls.filter(({ status }) => status >= 300)
  expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]))
  const overloaded = calls.filter(({ body }) => body.code === 'overloaded')
  expect(overloaded.length).toBeGreaterThan(0)
  expect(new Set(overloaded.map(({ headers }) => headers['retry-after']))).toEqual(new Set(['1']))
  expect(api.log.join('')).not.toContain('database.lost')
}

describe('changes that wait for a lock', () => {
  it('of a lane keep no trigger from being stored, and readiness as it is', async () => {
    const { calls, seen } = await callWhileLocked('SELECT FROM lanes FOR UPDATE', () => post(redeliver, {}))
    expect(seen).toEqual(new Set(['202 200']))
    expectRefusedEarly(calls)
  })

  it('of the version of the configuration keep no token from being looked up', async () => {
    const name = () => patch(change, { name: 'Another' })
    const { calls, seen } = await callWhileLocked('SELECT FROM config FOR UPDATE', name)
    expect(seen).toEqual(new Set(['202 200']))
    expectRefusedEarly(calls)
  })
})
