import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import {
  claimLane,
  countOpenBatches,
  countWaiting,
  ignoreDelivery,
  inspectBatches,
  inspectBlocks,
  inspectDeliveries,
  inspectLanes,
  isEldestWorker,
  listWaitingKinds,
  listMade,
  listOpenBatches,
  newestInWindow,
  quarantineBatch,
  readAuditWindow,
  recordFirstOutcomes,
  scanDeliveries,
  scanDue,
  scanTriggers,
  scanUndelivered,
  updateSubscription,
} from '@waybill/db'
import { asDeliveryId, firstIdOfDay, type DeliveryId, type SubscriptionId } from '@waybill/domain'
import { failedFirst, openFixture, yard, type Fixture } from './support/fixture.ts'

describe('the audit of the ledger', () => {
  let f: Fixture
  let lane: SubscriptionId
  beforeAll(async () => (f = await openFixture()))
  beforeEach(async () => {
    await f.sql`TRUNCATE triggers, deliveries, attempts, due, lanes, batches`
    lane = (await f.subscribe({ key: `lane-${performance.now()}` })).id
  })
  afterAll(() => f.close())

  const everything = () => readAuditWindow(f.sql, undefined)
  const scan = async () => scanDeliveries(f.sql, await everything(), 5_000)
  /** What is not delivered and should be due, read in pages of `rows`. */
  const undelivered = async (rows: number) => {
    const window = await everything()
    const { kinds } = await listWaitingKinds(f.sql, window, lane - 1, 1)
    const found = []
    for (const kind of kinds) {
      for (let from: number | undefined = window.from; from !== undefined;) {
        const page = await scanUndelivered(f.sql, { ...window, from }, kind, rows)
        found.push(...page.suspects)
        from = page.next
      }
    }
    return found
  }
  const kindsOf = async (...ids: DeliveryId[]) =>
    (await inspectDeliveries(f.sql, ids)).map(({ kind, id }) => [kind, id])

  it('counts by status and suspects nothing where all is in order', async () => {
    await f.failOnce(lane)
    await f.failOnce(lane)
    expect(await scan()).toMatchObject({
      counts: [{ status: 3, retrying: true, n: 2 }],
      suspects: [],
      blocks: [],
    })
    expect(await undelivered(100)).toEqual([])
    expect(await scanDue(f.sql, 0, 100)).toEqual({ next: undefined, suspects: [] })
  })

  it.each([
    ['pending_without_due', 1],
    ['retry_without_due', 3],
  ])('finds %s', async (kind, status) => {
    const { delivery } = await f.failOnce(lane)
    await f.sql`UPDATE deliveries SET status = ${status} WHERE id = ${delivery}`
    expect((await scan()).suspects).toEqual([])
    await f.sql`DELETE FROM due WHERE delivery = ${delivery}`
    expect((await scan()).suspects).toEqual([delivery])
    expect(await undelivered(100)).toEqual([delivery])
    expect(await kindsOf(delivery)).toEqual([[kind, delivery]])
  })

  it('lets a delivery rest without a due row once it is given up or ignored', async () => {
    const given = await f.failOnce(lane)
    const ignored = await f.failOnce(lane)
    await f.sql`UPDATE deliveries SET err = 'exhausted' WHERE id = ${given.delivery}`
    await f.sql`DELETE FROM due WHERE delivery = ${given.delivery}`
    await ignoreDelivery(f.sql, 'test', yard, ignored.delivery)
    expect((await scan()).suspects).toEqual([])
    expect(await kindsOf(given.delivery, ignored.delivery)).toEqual([])
  })

  it.each([
    ['due_of_settled', 'delivered', { status: 2, err: null, generation: 1 }],
    ['due_of_settled', 'given up', { status: 3, err: 'gone', generation: 1 }],
    ['due_of_other_generation', 'redelivered', { status: 1, err: null, generation: 2 }],
  ])('finds %s of what is %s', async (kind, _what, { status, err, generation }) => {
    const { delivery } = await f.failOnce(lane)
    expect((await scanDue(f.sql, 0, 100)).suspects).toEqual([])
    await f.sql`UPDATE deliveries SET status = ${status}, err = ${err}, generation = ${generation} WHERE id = ${delivery}`
    expect((await scanDue(f.sql, 0, 100)).suspects).toEqual([delivery])
    expect(await kindsOf(delivery)).toEqual([[kind, delivery]])
  })

  it('finds due_without_delivery', async () => {
    const { delivery } = await f.failOnce(lane)
    await f.sql`DELETE FROM attempts WHERE delivery = ${delivery}`
    await f.sql`DELETE FROM deliveries WHERE id = ${delivery}`
    expect((await scanDue(f.sql, 0, 100)).suspects).toEqual([delivery])
    expect(await inspectDeliveries(f.sql, [delivery])).toMatchObject([
      { kind: 'due_without_delivery', id: delivery, subscription: lane },
    ])
  })

  it('finds attempts_differ', async () => {
    const { delivery } = await f.failOnce(lane)
    await f.sql`DELETE FROM attempts WHERE delivery = ${delivery}`
    expect((await scan()).suspects).toEqual([delivery])
    expect(await kindsOf(delivery)).toEqual([['attempts_differ', delivery]])
  })

  it('reads due rows and what is not delivered in pages, each row once', async () => {
    const ids = []
    for (let i = 0; i < 5; i += 1) ids.push((await f.failOnce(lane)).delivery)
    await f.sql`UPDATE deliveries SET generation = 2`
    const due = []
    for (let after: number | undefined = 0; after !== undefined;) {
      const page = await scanDue(f.sql, after, 2)
      due.push(...page.suspects)
      after = page.next
    }
    expect(due).toEqual(ids)
    await f.sql`TRUNCATE due`
    expect(await undelivered(2)).toEqual(ids)
  })

  it('reads deliveries in pages of whole plans, each row once', async () => {
    for (let i = 0; i < 5; i += 1) await manyDeliveries(400)
    const window = await everything()
    const counted = []
    for (let from = window.from; from < window.to;) {
      const page = await scanDeliveries(f.sql, { ...window, from }, 1_000)
      expect(page.next % 1_000).toBe(0)
      expect(page.blocks).toEqual([])
      counted.push(...page.counts.map((one) => one.n))
      from = page.next
    }
    expect(counted.length).toBeGreaterThan(1)
    expect(counted.reduce((a, b) => a + b, 0)).toBe(2_000)
  })

  it('takes a gap in a plan for a loss only when no open batch holds it', async () => {
    const base = await manyDeliveries(3)
    const gap = asDeliveryId(base + 1)
    await f.sql`DELETE FROM due WHERE delivery = ${gap}`
    await f.sql`DELETE FROM deliveries WHERE id = ${gap}`
    expect((await scan()).blocks).toEqual([base])
    expect(await inspectBlocks(f.sql, [base])).toMatchObject([
      { kind: 'planned_but_missing', id: base, missing: 1, detail: '1 of at least 3 planned deliveries' },
    ])
    await f.sql`INSERT INTO batches (id, first_trigger, n, v, base, plan) VALUES (1, 1, 1, 1, ${base}, '{0,1,1,0}')`
    expect(await inspectBlocks(f.sql, [base])).toEqual([])
  })

  it('finds batches that are set aside or owned by nobody, and no others', async () => {
    const [mine, aside] = [await f.plan(lane), await f.plan(lane)]
    expect(await inspectBatches(f.sql)).toEqual([])
    await f.sql`UPDATE batches SET owner = ${f.stranger} WHERE id = ${mine.batch}`
    await quarantineBatch(f.sql, aside.batch, f.worker)
    expect((await inspectBatches(f.sql)).map(({ kind, id }) => [kind, id])).toEqual([
      ['batch_of_nobody', mine.batch],
      ['batch_quarantined', aside.batch],
    ])
  })

  it('counts what is planned and not yet recorded', async () => {
    await f.plan(lane)
    expect(await countOpenBatches(f.sql)).toMatchObject({ batches: 1, unplanned: 0, sending: 1 })
    await f.failOnce(lane)
    expect(await countOpenBatches(f.sql)).toMatchObject({ batches: 1, sending: 1 })
    await f.sql`UPDATE batches SET plan = NULL, n = 7`
    expect(await countOpenBatches(f.sql)).toMatchObject({ batches: 1, unplanned: 7, sending: 0 })
  })

  it('finds lanes that are missing, late or owned by nobody', async () => {
    const kinds = async () => (await inspectLanes(f.sql, lane - 1, 1)).violations.map(({ kind }) => kind)
    expect(await kinds()).toEqual([])
    await f.failOnce(lane)
    expect(await kinds()).toEqual([])
    await f.sql`UPDATE lanes SET next_due_at = next_due_at + interval '1 hour'`
    expect(await kinds()).toEqual(['lane_late'])
    await f.sql`UPDATE lanes SET next_due_at = NULL`
    expect(await kinds()).toEqual(['lane_late'])
    await f.sql`UPDATE lanes SET next_due_at = now()`
    await claimLane(f.sql, lane, f.worker)
    await f.sql`UPDATE lanes SET next_due_at = NULL`
    // Its owner looks what is due when it lets go.
    expect(await kinds()).toEqual([])
    await f.sql`UPDATE lanes SET owner = ${f.stranger}`
    expect(await kinds()).toEqual(['lane_of_nobody'])
    await f.sql`TRUNCATE lanes`
    expect(await kinds()).toEqual(['lane_missing'])
  })

  it('says why deliveries wait', async () => {
    const why = async () =>
      (await countWaiting(f.sql, lane - 1, 1)).waiting.map((one) => [one.why, one.n, one.oldestSeconds > 0])
    await f.failOnce(lane)
    await f.failOnce(lane, 3_600_000)
    expect(await why()).toEqual([
      ['ready', 1, true],
      ['scheduled', 1, false],
    ])
    await f.sql`UPDATE lanes SET blocked_until = now() + interval '1 minute'`
    expect(await why()).toContainEqual(['blocked', 1, true])
    await f.sql`UPDATE lanes SET owner = ${f.worker}`
    expect(await why()).toContainEqual(['being_sent', 1, true])
    for (const state of ['paused', 'inactive'] as const) {
      await updateSubscription(f.orm, 'test', yard, lane, { state })
      expect(await why()).toEqual([[state, 2, true]])
    }
  })

  it('lists triggers, what they made and which batches still hold some', async () => {
    const { trigger, delivery } = await f.failOnce(lane)
    const open = await f.plan(lane)
    const window = await everything()
    expect((await scanTriggers(f.sql, window, 100)).map((one) => one.id)).toEqual([trigger, open.trigger])
    expect(await scanTriggers(f.sql, window, 1)).toHaveLength(1)
    expect(await listMade(f.sql, [trigger, open.trigger], window)).toEqual(new Set([`${trigger}.${lane}`]))
    expect(await listOpenBatches(f.sql, trigger, open.trigger)).toEqual([
      { firstTrigger: open.trigger, n: 1 },
    ])
    expect(await listOpenBatches(f.sql, trigger, trigger)).toEqual([])
    expect(delivery).toBeGreaterThan(trigger)
  })

  it('looks at whole days, back to the floor of the retention, and at the newest rows alone', async () => {
    const hour = 3_600_000
    const window = await readAuditWindow(f.sql, 24 * hour)
    expect(window.from % 100_000_000_000).toBe(0)
    expect(window.from).toBeLessThanOrEqual(firstIdOfDay(new Date(Date.now() - 24 * hour)))
    expect(window.to).toBeGreaterThan(firstIdOfDay(new Date()) + 100_000_000_000)
    await f.sql`UPDATE retention SET floor = ${window.from + 100_000_000_000}`
    expect((await everything()).from).toBe(window.from + 100_000_000_000)
    await f.sql`UPDATE retention SET floor = 0`
    expect(await newestInWindow(f.sql, window, 3)).toEqual(window)
    const deliveries = []
    for (let i = 0; i < 5; i += 1) deliveries.push((await f.failOnce(lane)).delivery)
    const newest = await newestInWindow(f.sql, window, 3)
    const inside = deliveries.filter((id) => id >= newest.from)
    expect(inside.length).toBeGreaterThan(0)
    expect(inside.length).toBeLessThanOrEqual(3)
  })

  it('is the work of the eldest worker that is heard of', async () => {
    const [next] = f.others
    if (next === undefined) throw new Error('no other worker')
    expect(await isEldestWorker(f.sql, f.worker, 60_000)).toBe(true)
    expect(await isEldestWorker(f.sql, next, 60_000)).toBe(false)
    await f.sql`UPDATE workers SET seen_at = now() - interval '2 minutes' WHERE id = ${f.worker}`
    expect(await isEldestWorker(f.sql, f.worker, 60_000)).toBe(false)
  })

  /** A plan of `n` deliveries, all recorded; its first id. */
  async function manyDeliveries(n: number): Promise<DeliveryId> {
    const { batch, trigger, delivery } = await f.plan(lane)
    const outcomes = Array.from({ length: n }, (_, i) =>
      failedFirst(asDeliveryId(delivery + i), trigger, lane, 0),
    )
    await recordFirstOutcomes(f.sql, f.worker, outcomes, [batch])
    return delivery
  }
})
