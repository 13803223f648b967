import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, queueBackends } from '@waybill/testing'
import { openLimit, unwellToOpen } from '../src/drain/lane-health.ts'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

/** Quick, yet slow enough that five days are longer than the whole schedule. */
const fast = { SCHEDULE_SCALE: '0.001', SWEEP_MS: '300' }

describe.each(queueBackends())('an endpoint in trouble, on the $name queue', (backend) => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const lane = async (subscription: number) => {
    const [row] = await p.sql<
      { failures: number; limit: number | null; failing: boolean; blocked: boolean }[]
    >`SELECT failures, limit_now AS limit, failing_since IS NOT NULL AS failing, blocked_until > now() AS blocked
      FROM lanes WHERE subscription = ${subscription}::int`
    return row
  }

  it('gets a few requests at a time once its breaker is open, and everything when it is back', async () => {
    const { id } = await p.subscribe('/trouble')
    p.receiver.setResponder(() => ({ status: 503 }))
    await p.startWorker(fast)
    const count = 60
    const first = await p.accept(...Array.from({ length: count }, () => aTrigger()))
    await eventually(async () => (await lane(id))?.limit === openLimit)
    expect((await lane(id))?.failures).toBeGreaterThanOrEqual(unwellToOpen)
    // Far fewer requests than deliveries × retries: tries are not burnt while nobody answers.
    const parked = await p.accept(aTrigger())
    await eventually(async () => (await p.deliveriesOf(parked)).length === 1)
    p.receiver.setResponder(() => ({ status: 200 }))
    await eventually(
      async () => {
        const [row] = await p.sql<{ n: number }[]>`
          SELECT count(*)::int AS n FROM deliveries WHERE subscription = ${id} AND status = 2`
        return row?.n === count + 1
      },
      { timeoutMs: 60_000 },
    )
    await eventually(async () => {
      const kept = await lane(id)
      return kept?.failures === 0 && !kept.failing
    })
    expect(first).toBeGreaterThan(0)
  })

  it('has its retries sent before the first attempts that wait, however many these are', async () => {
    const { id } = await p.subscribe('/parked')
    p.receiver.setResponder(() => ({ status: 500 }))
    await p.startWorker(fast)
    const [early] = await p.settled(await p.accept(aTrigger()), (one) => one.attempts > 0)
    for (let i = 0; i < 30; i += 1) await p.accept(...Array.from({ length: 10 }, () => aTrigger()))
    await eventually(async () => (await lane(id))?.limit === openLimit)
    // Its schedule goes on while first attempts still wait.
    await p.settled(early.trigger, (one) => one.attempts >= 6)
    const [row] = await p.sql<{ waiting: number }[]>`
      SELECT count(*)::int AS waiting FROM due WHERE subscription = ${id} AND step = 0`
    expect(row?.waiting).toBeGreaterThan(0)
  })

  it('is left alone for as long as its Retry-After asks, all its deliveries together', async () => {
    const { id } = await p.subscribe('/asks')
    p.receiver.setResponder(({ path }) =>
      path === '/asks' ? { status: 503, headers: { 'retry-after': '120' } } : { status: 200 },
    )
    await p.startWorker(fast)
    await p.settled(await p.accept(aTrigger()), (one) => one.attempts === 1)
    // The next one is parked, and the lane's try is asked to wait like the first.
    const parked = await p.accept(aTrigger())
    await eventually(async () => (await lane(id))?.blocked)
    const before = p.receiver.requests.length
    const { id: other } = await p.subscribe('/other')
    const both = await p.accept(aTrigger(), aTrigger())
    await p.settled(both, (one) => one.subscription !== other || one.status === 2)
    const later = p.receiver.requests.slice(before)
    expect(later.map(({ path }) => path)).toEqual(['/other', '/other'])
    expect((await p.deliveriesOf(parked))[0]?.attempts).toBe(1)
  })

  it('that has done nothing but fail for five days is made inactive, unless a first attempt got through', async () => {
    const bad = await p.subscribe('/bad')
    const mixed = await p.subscribe('/mixed')
    p.receiver.setResponder(({ path, body }) =>
      path === '/mixed' && body.includes('good') ? { status: 200 } : { status: 500 },
    )
    await p.startWorker(fast)
    const early = await p.accept(aTrigger('scheduled', { orderId: 'bad' }))
    await eventually(async () => (await lane(bad.id))?.failing && (await lane(mixed.id))?.failing)
    await p.settled(await p.accept(aTrigger('scheduled', { orderId: 'good' })), (one) => one.attempts > 0)
    await p.settled(early, (one) => one.attempts >= 4)
    // As if they had come over five days, on this clock 432 s, in which the lane has known nothing else.
    await p.sql`UPDATE attempts SET sent_at = now() - (n % 5) * interval '86.4 seconds' - interval '10 seconds'`
    await p.sql`UPDATE lanes SET failing_since = now() - interval '6 days'`
    const state = async (id: number) =>
      (await p.sql<{ state: number }[]>`SELECT state FROM subscriptions WHERE id = ${id}`)[0]?.state
    await eventually(async () => (await state(bad.id)) === 3)
    expect(await state(mixed.id)).toBe(1)
    const notices = await p.sql<{ reason: string }[]>`
      SELECT details ->> 'reason' AS reason FROM notices WHERE kind = 'subscription_deactivated'`
    expect(notices.map((notice) => notice.reason)).toEqual(['failing'])
  })

  it('with others like it keeps nobody waiting for their deadlines, though they have more requests than there are slots', async () => {
    for (let i = 0; i < 12; i += 1) await p.subscribe(`/hangs-${i}`, { timeoutMs: 10_000 })
    const { id } = await p.subscribe('/well')
    p.receiver.setResponder(({ path }) => (path === '/well' ? { status: 200 } : { status: 200, hang: true }))
    await p.startWorker({ ...fast, FIRST_ATTEMPTS_IN_FLIGHT: '8', RETRIES_IN_FLIGHT: '8' })
    for (let i = 0; i < 3; i += 1) {
      const trigger = await p.accept(aTrigger())
      await eventually(async () => {
        const made = await p.deliveriesOf(trigger)
        return made.some((one) => one.subscription === id && one.status === 2)
      })
    }
    // All that while none of the others has come to its deadline.
    const [row] = await p.sql<{ ended: number }[]>`
      SELECT count(*)::int AS ended FROM deliveries WHERE subscription <> ${id} AND attempts > 0`
    expect(row?.ended).toBe(0)
  })

  it('with others like it on the same host takes no connection from a healthy one there', async () => {
    for (let i = 0; i < 10; i += 1) await p.subscribe(`/hangs-${i}`, { timeoutMs: 10_000 })
    const { id } = await p.subscribe('/well')
    p.receiver.setResponder(({ path }) => (path === '/well' ? { status: 200 } : { status: 200, hang: true }))
    await p.startWorker(fast)
    await p.accept(...Array.from({ length: 20 }, () => aTrigger()))
    // So many connections were once all that an integration had to a host.
    await eventually(() => p.receiver.requests.filter(({ path }) => path !== '/well').length >= 128)
    const trigger = await p.accept(aTrigger())
    await eventually(async () => {
      const made = await p.deliveriesOf(trigger)
      return made.some((one) => one.subscription === id && one.attempts > 0)
    })
    const failed = await p.sql`
      SELECT err FROM attempts WHERE err IS NOT NULL AND delivery IN (SELECT id FROM deliveries WHERE subscription = ${id})`
    expect(failed).toHaveLength(0)
  })
})
