import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  claimLane,
  laneDueInMs,
  recordFirstOutcomes,
  recordLaterOutcomes,
  redeliver,
  releaseLane,
  findOwned,
  keepLaneHealth,
  freeOwned,
  settleUnsent,
  sliceLane,
  unmarkRun,
  updateSubscription,
  type LaterOutcome,
} from '@waybill/db'
import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import {
  anAttempt,
  elsewhere,
  failedFirst,
  openFixture,
  waitForLockWait,
  yard,
  type Fixture,
} from './support/fixture.ts'

describe('lanes', () => {
  let f: Fixture
  let lane: SubscriptionId
  let n = 0
  beforeAll(async () => (f = await openFixture()))
  beforeEach(async () => {
    n += 1
    lane = (await f.subscribe({ key: `lane-${n}` })).id
  })
  afterAll(() => f.close())

  const claim = async () => {
    const claimed = await claimLane(f.sql, lane, f.worker)
    if (!claimed) throw new Error('not claimed')
    return claimed
  }
  const later = (delivery: DeliveryId, changes: Partial<LaterOutcome> = {}): LaterOutcome => ({
    delivery,
    generation: 1,
    status: 2,
    err: null,
    notices: [],
    attempt: anAttempt({ n: 2 }),
    retry: null,
    ...changes,
  })
  const deliveryRow = async (id: number) => {
    const [row] = await f.sql<{ status: number; attempts: number; generation: number; err: string | null }[]>`
      SELECT status, attempts, generation, err FROM deliveries WHERE id = ${id}`
    return row
  }
  const dueRow = async (id: number) => {
    const [row] = await f.sql<
      { step: number; run: number | null; crashes: number; generation: number; now: boolean }[]
    >`
      SELECT step, run, crashes, generation, due_at <= now() AS now FROM due WHERE delivery = ${id}`
    return row
  }
  const nextDue = async () => {
    const [row] = await f.sql<{ owner: number | null; known: boolean; early_enough: boolean }[]>`
      SELECT owner, next_due_at IS NOT NULL AS known,
        coalesce(next_due_at <= (SELECT min(due_at) FROM due WHERE subscription = ${lane}), false) AS early_enough
      FROM lanes WHERE subscription = ${lane}`
    return row
  }

  it('are claimed by exactly one of many that try at once', async () => {
    await f.failOnce(lane)
    const claims = await Promise.all([f.worker, ...f.others].map((worker) => claimLane(f.sql, lane, worker)))
    expect(claims.filter((claimed) => claimed !== undefined)).toHaveLength(1)
  })

  it('are not claimed before they are due, and tell how long that will be', async () => {
    await f.failOnce(lane, 60_000)
    expect(await claimLane(f.sql, lane, f.worker)).toBeUndefined()
    const dueIn = await laneDueInMs(f.sql, lane)
    expect(dueIn).toBeGreaterThan(30_000)
    expect(dueIn).toBeLessThanOrEqual(60_000)
  })

  it.each(['paused', 'inactive'] as const)(
    'are not claimed while their subscription is %s',
    async (state) => {
      await f.failOnce(lane)
      await updateSubscription(f.orm, 'test', yard, lane, { state })
      expect(await claimLane(f.sql, lane, f.worker)).toBeUndefined()
      await updateSubscription(f.orm, 'test', yard, lane, { state: 'active' })
      expect(await claimLane(f.sql, lane, f.worker)).toBeDefined()
    },
  )

  it.each([{ url: 'https://other.example.test/' }, { state: 'paused' as const }])(
    'forget what was learnt about the endpoint with a change to %j',
    async (change) => {
      await f.failOnce(lane)
      const { run } = await claim()
      await keepLaneHealth(f.sql, lane, f.worker, {
        unwell: 12,
        limit: 4,
        blockedForMs: 60_000,
        outcome: 'failed',
      })
      await updateSubscription(f.orm, 'test', yard, lane, { name: 'Other' })
      const kept = async () =>
        (
          await f.sql`SELECT failures, limit_now, blocked_until IS NOT NULL AS blocked, failing_since IS NOT NULL AS failing
            FROM lanes WHERE subscription = ${lane}`
        )[0]
      expect(await kept()).toEqual({ failures: 12, limit_now: 4, blocked: true, failing: true })
      await updateSubscription(f.orm, 'test', yard, lane, change)
      expect(await kept()).toEqual({ failures: 0, limit_now: null, blocked: false, failing: false })
      expect(run).toBeGreaterThan(0)
    },
  )

  it('let the horizon of their deliveries stand still while their subscription is paused', async () => {
    await f.failOnce(lane)
    const end = async () =>
      (
        await sliceLane(f.sql, lane, f.worker, (await claim()).run, {
          limit: 1,
          suspects: false,
          which: 'all',
        })
      )[0]?.expiresAtMs ?? 0
    const before = await end()
    await freeOwned(f.sql, f.worker, await findOwned(f.sql, f.worker))
    await unmarkRun(f.sql, lane, 1)
    await updateSubscription(f.orm, 'test', yard, lane, { state: 'paused' })
    await f.sql`UPDATE subscriptions SET paused_at = now() - interval '2 hours' WHERE id = ${lane}`
    await updateSubscription(f.orm, 'test', yard, lane, { state: 'active' })
    const paused = (await end()) - before
    expect(paused).toBeGreaterThanOrEqual(7_200_000)
    expect(paused).toBeLessThan(7_260_000)
  })

  it('slice at most the limit, oldest first, and never the same delivery twice in one run', async () => {
    const made = [await f.failOnce(lane), await f.failOnce(lane), await f.failOnce(lane)]
    const { run } = await claim()
    const first = await sliceLane(f.sql, lane, f.worker, run, { limit: 2, suspects: false, which: 'all' })
    const second = await sliceLane(f.sql, lane, f.worker, run, { limit: 2, suspects: false, which: 'all' })
    expect(first.map((due) => due.delivery)).toEqual(made.slice(0, 2).map((one) => one.delivery))
    expect(second.map((due) => due.delivery)).toEqual([made[2]?.delivery])
    expect(first[0]).toMatchObject({ attempts: 1, step: 1, crashes: 0, generation: 1 })
    expect(first[0]?.trigger.id).toBe(made[0]?.trigger)
  })

  it('write an unknown attempt for a mark of an older run and keep the step', async () => {
    const { delivery } = await f.failOnce(lane)
    const died = await claim()
    await sliceLane(f.sql, lane, f.worker, died.run, { limit: 10, suspects: false, which: 'all' })
    await freeOwned(f.sql, f.worker, await findOwned(f.sql, f.worker))
    const { run } = await claim()
    const [due] = await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })
    expect(due).toMatchObject({ delivery, attempts: 2, step: 1, crashes: 1 })
    const rows = await f.sql`SELECT n, err, code FROM attempts WHERE delivery = ${delivery} ORDER BY n`
    expect(rows[1]).toEqual({ n: 2, err: 'unknown', code: null })
  })

  it('keep deliveries that crashed twice out of slices, to be sent alone', async () => {
    const suspect = await f.failOnce(lane)
    await f.sql`UPDATE due SET crashes = 2 WHERE delivery = ${suspect.delivery}`
    const innocent = await f.failOnce(lane)
    const { run } = await claim()
    const together = await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })
    const alone = await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: true, which: 'all' })
    expect(together.map((due) => due.delivery)).toEqual([innocent.delivery])
    expect(alone.map((due) => due.delivery)).toEqual([suspect.delivery])
  })

  it('tell at the claim whether one must be sent alone, a death nobody has counted yet included', async () => {
    const claims = async () => {
      const claimed = await claim()
      await freeOwned(f.sql, f.worker, await findOwned(f.sql, f.worker))
      return claimed.hasSuspects
    }
    const { delivery } = await f.failOnce(lane)
    await f.failOnce(lane)
    expect(await claims()).toBe(false)
    await f.sql`UPDATE due SET crashes = 1 WHERE delivery = ${delivery}`
    expect(await claims()).toBe(false)
    await f.sql`UPDATE due SET run = 1 WHERE delivery = ${delivery}`
    expect(await claims()).toBe(true)
    await f.sql`UPDATE due SET crashes = 2, run = NULL WHERE delivery = ${delivery}`
    expect(await claims()).toBe(true)
    await f.sql`UPDATE due SET due_at = now() + interval '1 hour' WHERE delivery = ${delivery}`
    expect(await claims()).toBe(false)
  })

  it('give nothing to a run that no longer owns them', async () => {
    await f.failOnce(lane)
    const { run } = await claim()
    expect(
      await sliceLane(f.sql, lane, f.stranger, run, { limit: 10, suspects: false, which: 'all' }),
    ).toEqual([])
    expect(
      await sliceLane(f.sql, lane, f.worker, run - 1, { limit: 10, suspects: false, which: 'all' }),
    ).toEqual([])
    await releaseLane(f.sql, lane, f.worker)
    expect(await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })).toEqual(
      [],
    )
  })

  it('are not claimed by a worker that was removed', async () => {
    await f.failOnce(lane)
    expect(await claimLane(f.sql, lane, f.stranger)).toBeUndefined()
  })

  it('take marks back for what was not sent', async () => {
    const { delivery } = await f.failOnce(lane)
    const { run } = await claim()
    await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })
    await unmarkRun(f.sql, lane, run)
    expect(await dueRow(delivery)).toMatchObject({ run: null, crashes: 0 })
  })

  it('settle a delivery with its outcome and move one that failed again', async () => {
    const good = await f.failOnce(lane)
    const bad = await f.failOnce(lane)
    const taken = await recordLaterOutcomes(f.sql, [
      later(good.delivery),
      later(bad.delivery, { status: 3, retry: { delayMs: 60_000, step: 2 } }),
    ])
    expect(taken).toEqual(new Set([good.delivery, bad.delivery]))
    expect(await deliveryRow(good.delivery)).toMatchObject({ status: 2, attempts: 2 })
    expect(await dueRow(good.delivery)).toBeUndefined()
    expect(await dueRow(bad.delivery)).toMatchObject({ step: 2, run: null, now: false })
  })

  it('take an outcome once, however often it is recorded', async () => {
    const { delivery } = await f.failOnce(lane)
    const answers = await Promise.all([1, 2, 3].map(() => recordLaterOutcomes(f.sql, [later(delivery)])))
    expect(answers.filter((taken) => taken.has(delivery))).toHaveLength(1)
    const [row] = await f.sql`SELECT count(*)::int AS n FROM attempts WHERE delivery = ${delivery}`
    expect(row?.['n']).toBe(2)
  })

  it('leave a delivery that was redelivered meanwhile pending and due, and keep the attempt', async () => {
    const { delivery } = await f.failOnce(lane)
    const { run } = await claim()
    await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })
    await redeliver(f.sql, yard, delivery)
    expect(await sliceLane(f.sql, lane, f.worker, run, { limit: 10, suspects: false, which: 'all' })).toEqual(
      [],
    )
    await recordLaterOutcomes(f.sql, [later(delivery, { status: 3, err: 'exhausted' })])
    expect(await deliveryRow(delivery)).toEqual({ status: 1, attempts: 2, generation: 2, err: null })
    expect(await dueRow(delivery)).toMatchObject({ generation: 2, step: 0, run: null, now: true })
  })

  it('do not let a late failure bring back an ignored delivery, while a late 2xx delivers it', async () => {
    const failed = await f.failOnce(lane)
    const worked = await f.failOnce(lane)
    for (const { delivery } of [failed, worked]) {
      await f.sql`UPDATE deliveries SET status = 6, generation = 2 WHERE id = ${delivery}`
      await f.sql`DELETE FROM due WHERE delivery = ${delivery}`
    }
    await recordLaterOutcomes(f.sql, [
      later(failed.delivery, { status: 3, retry: { delayMs: 0, step: 2 } }),
      later(worked.delivery),
    ])
    expect(await deliveryRow(failed.delivery)).toMatchObject({ status: 6, attempts: 2 })
    expect(await dueRow(failed.delivery)).toBeUndefined()
    expect(await deliveryRow(worked.delivery)).toMatchObject({ status: 2, attempts: 2 })
  })

  it('do not settle without an attempt what was delivered meanwhile', async () => {
    const { delivery } = await f.failOnce(lane)
    await recordLaterOutcomes(f.sql, [later(delivery)])
    expect(await settleUnsent(f.sql, [{ delivery, generation: 1 }], 'expired')).toBe(0)
    expect(await deliveryRow(delivery)).toMatchObject({ status: 2 })
  })

  it('settle without an attempt only what no person redelivered', async () => {
    const given = await f.failOnce(lane)
    const saved = await f.failOnce(lane)
    await redeliver(f.sql, yard, saved.delivery)
    const items = [given, saved].map(({ delivery }) => ({ delivery, generation: 1 }))
    expect(await settleUnsent(f.sql, items, 'expired')).toBe(1)
    expect(await deliveryRow(given.delivery)).toMatchObject({ status: 3, err: 'expired' })
    expect(await deliveryRow(saved.delivery)).toMatchObject({ status: 1 })
    expect(await dueRow(saved.delivery)).toBeDefined()
  })

  it('redeliver only within the integration', async () => {
    const { delivery } = await f.failOnce(lane)
    expect(await redeliver(f.sql, elsewhere, delivery)).toBeUndefined()
    expect(await deliveryRow(delivery)).toMatchObject({ generation: 1 })
  })

  it('are freed with the earliest due time, and only by their owner', async () => {
    await f.failOnce(lane, 0)
    await f.failOnce(lane, 60_000)
    await claim()
    expect(await releaseLane(f.sql, lane, f.stranger)).toBeUndefined()
    expect((await nextDue())?.owner).toBe(f.worker)
    expect(await releaseLane(f.sql, lane, f.worker)).toBe(0)
    expect(await nextDue()).toEqual({ owner: null, known: true, early_enough: true })
  })

  it('see a due row whose writer commits while the release waits for the lane', async () => {
    const first = await f.failOnce(lane)
    const { trigger, delivery } = await f.plan(lane)
    await claim()
    await recordLaterOutcomes(f.sql, [later(first.delivery)])
    let release: Promise<number | undefined> | undefined
    await f.sql.begin(async (tx) => {
      await recordFirstOutcomes(tx, f.worker, [failedFirst(delivery, trigger, lane, 60_000)], [])
      release = releaseLane(f.sql, lane, f.worker)
      await waitForLockWait(f)
    })
    expect(await release).toBeGreaterThan(30_000)
    expect(await nextDue()).toEqual({ owner: null, known: true, early_enough: true })
  })

  it('are lowered by a writer that comes while the release is under way', async () => {
    const first = await f.failOnce(lane)
    const { trigger, delivery } = await f.plan(lane)
    await claim()
    await recordLaterOutcomes(f.sql, [later(first.delivery)])
    let writer: Promise<number> | undefined
    await f.sql.begin(async (tx) => {
      expect(await releaseLane(tx, lane, f.worker)).toBeUndefined()
      writer = recordFirstOutcomes(f.sql, f.worker, [failedFirst(delivery, trigger, lane, 60_000)], [])
      await waitForLockWait(f)
    })
    await writer
    expect(await nextDue()).toEqual({ owner: null, known: true, early_enough: true })
  })

  it('never forget a due row while releases and inserts race', async () => {
    for (let round = 0; round < 40; round += 1) {
      const { batch, trigger, delivery } = await f.plan(lane)
      const owned = await claimLane(f.sql, lane, f.worker)
      await Promise.all([
        recordFirstOutcomes(f.sql, f.worker, [failedFirst(delivery, trigger, lane, 0)], [batch]),
        owned ? releaseLane(f.sql, lane, f.worker) : undefined,
      ])
      expect(await nextDue()).toEqual({ owner: null, known: true, early_enough: true })
    }
  })

  it('end what the database lost behind them, instead of coming back to it for ever', async () => {
    const [noTrigger, noDelivery] = [await f.failOnce(lane), await f.failOnce(lane)]
    await f.sql`DELETE FROM triggers WHERE id = ${noTrigger.trigger}::bigint`
    await f.sql`DELETE FROM deliveries WHERE id = ${noDelivery.delivery}::bigint`
    const { run } = await claim()
    expect(await sliceLane(f.sql, lane, f.worker, run, { limit: 9, suspects: false, which: 'all' })).toEqual(
      [],
    )
    expect(await f.sql`SELECT FROM due WHERE subscription = ${lane}::int`).toHaveLength(0)
    expect(await releaseLane(f.sql, lane, f.worker)).toBeUndefined()
    const [row] = await f.sql`SELECT status, err FROM deliveries WHERE id = ${noTrigger.delivery}::bigint`
    expect(row).toEqual({ status: 3, err: 'quarantined' })
  })
})
