import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  dropPartition,
  findHold,
  finishDrops,
  holdRetention,
  listExpiredPartitions,
  partitionedTables,
  publishFloor,
  readHistory,
  redeliver,
  setRetention,
  storeTriggers,
  type Partition,
  type Sql,
} from '@waybill/db'
import { asDeliveryId } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import { anEntry, openFixture, yard, type Fixture } from './support/fixture.ts'
import { addOld, idOf, leftOf, makeDue, makeOldPartitions, today } from './support/old-history.ts'

const never = new AbortController().signal

describe('history that is too old', () => {
  let f: Fixture
  /** The first days of partitions: those wholly older than 30 days, and the others. */
  let old: number[]
  let young: number[]
  beforeEach(async () => {
    f = await openFixture()
    const days = await makeOldPartitions(f.sql, 20)
    const firstKept = (await today(f.sql)) - 30
    old = days.filter((day) => day + 2 <= firstKept)
    young = days.filter((day) => day + 2 > firstKept)
  })
  afterEach(() => f.close())

  const at = (days: number[], i: number): number => days.at(i) ?? Number.NaN
  const all = (days: number[]) => ({ triggers: days, deliveries: days, attempts: days })
  const hold = <T>(work: (sql: Sql) => Promise<T>, options = {}) => holdRetention(f.url, never, work, options)
  const remove = () =>
    hold(async (sql) => {
      await finishDrops(sql)
      await publishFloor(sql)
      for (const table of partitionedTables)
        for (const partition of await listExpiredPartitions(sql, table))
          if ((await findHold(sql, partition)) === undefined) await dropPartition(sql, partition)
    })
  const left = () => leftOf(f.sql, [...old, ...young])
  const blocked = async () => (await readHistory(f.sql)).tables.flatMap((table) => table.blocked).sort()
  const settled = (day: number, deliveryDay = day) =>
    addOld(f.sql, yard, { trigger: idOf(day, 7_000), delivery: idOf(deliveryDay, 8_000) })

  it('goes by whole partitions, and exactly those that are wholly older than 30 days', async () => {
    for (const day of [...old, ...young]) await settled(day, day + 1)
    expect(old.length).toBeGreaterThan(3)
    expect(young.length).toBeGreaterThan(13)

    await remove()

    expect(await left()).toEqual(all(young))
    const [kept] = await f.sql`SELECT (SELECT count(*) FROM triggers)::int AS t,
      (SELECT count(*) FROM deliveries)::int AS d, (SELECT count(*) FROM attempts)::int AS a`
    expect(kept).toEqual({ t: young.length, d: young.length, a: young.length })
    expect(await f.sql`SELECT FROM pg_class WHERE relname ~ ${`_${at(old, 0)}_`}`).toHaveLength(0)
  })

  it('is as old as it is set, and partitions become as wide as fits', async () => {
    await setRetention(f.sql, 'operator', 14)
    await remove()
    const firstKept = (await today(f.sql)) - 14
    expect(await left()).toEqual(all(young.filter((day) => day + 2 > firstKept)))
    expect(await readHistory(f.sql)).toMatchObject({ days: 14, partitionDays: 1 })
    await setRetention(f.sql, 'operator', 90)
    expect(await readHistory(f.sql)).toMatchObject({ days: 90, partitionDays: 4 })
    const lines = await f.sql`SELECT actor, details FROM audit_log WHERE action = 'retention.set' ORDER BY id`
    expect(lines).toEqual([
      { actor: 'operator', details: { days: 14 } },
      { actor: 'operator', details: { days: 90 } },
    ])
  })

  it('is never younger than 14 days', async () => {
    await expect(setRetention(f.sql, 'operator', 13)).rejects.toMatchObject({ code: '23514' })
    await expect(f.sql`UPDATE retention SET days = 13`).rejects.toMatchObject({ code: '23514' })
    expect((await readHistory(f.sql)).days).toBe(30)
  })

  it('stays where a delivery is due, with its attempts and its trigger, and newer history goes', async () => {
    const stuck = await settled(at(old, 1), at(old, 2))
    await makeDue(f.sql, stuck.delivery)

    await remove()

    expect(await left()).toEqual({
      triggers: [at(old, 1), ...young],
      deliveries: [at(old, 2), ...young],
      attempts: [at(old, 2), ...young],
    })
    expect(await blocked()).toEqual([
      `attempts_${at(old, 2)}_${at(old, 2) + 2}`,
      `deliveries_${at(old, 2)}_${at(old, 2) + 2}`,
      `triggers_${at(old, 1)}_${at(old, 1) + 2}`,
    ])

    await f.sql`DELETE FROM due`
    await remove()
    expect(await left()).toEqual(all(young))
    expect(await blocked()).toEqual([])
  })

  it('stays where an open batch has its triggers or its planned deliveries', async () => {
    await f.sql`
      INSERT INTO batches (id, first_trigger, n, v, base) VALUES
        (${idOf(at(old, 0), 5)}::bigint, ${idOf(at(old, 0), 5)}::bigint, 1, 1, NULL),
        (${idOf(at(young, -1))}::bigint, ${idOf(at(old, 1))}::bigint, 1, 1, ${idOf(at(old, 2))}::bigint)`
    await remove()
    expect(await left()).toEqual({
      triggers: [at(old, 0), at(old, 1), ...young],
      deliveries: [at(old, 2), ...young],
      attempts: [at(old, 2), ...young],
    })
    expect(await blocked()).toHaveLength(4)
  })

  it('keeps triggers as long as deliveries refer to them, however much later those were made', async () => {
    const late = await settled(at(old, 0), at(young, 3))
    await remove()
    expect(await left()).toEqual({ ...all(young), triggers: [at(old, 0), ...young] })
    expect(await blocked()).toEqual([])

    await f.sql`DELETE FROM deliveries WHERE id = ${late.delivery}::bigint`
    await remove()
    expect(await left()).toEqual(all(young))
  })

  it('cannot be sent again once the floor is published, though it is still there', async () => {
    const { id: subscription } = await f.subscribe()
    const below = idOf(at(old, -1) + 1)
    const above = idOf(at(young, 0))
    await addOld(f.sql, yard, { trigger: below, delivery: below }, subscription)
    await addOld(f.sql, yard, { trigger: above, delivery: above }, subscription)

    expect(await publishFloor(f.sql)).toBe(idOf(at(young, 0)))

    expect(await redeliver(f.sql, yard, asDeliveryId(below))).toBeUndefined()
    expect(await redeliver(f.sql, yard, asDeliveryId(above))).toMatchObject({ delivery: above })
    expect(await f.sql`SELECT delivery FROM due`).toEqual([{ delivery: above }])
  })

  it('publishes the floor after a redelivery that is under way, so that it is seen', async () => {
    const { id: subscription } = await f.subscribe()
    const id = idOf(at(old, 0))
    await addOld(f.sql, yard, { trigger: id, delivery: id }, subscription)
    let published: Promise<unknown> | undefined
    await f.sql.begin(async (tx) => {
      expect(await redeliver(tx, yard, asDeliveryId(id))).toMatchObject({ delivery: id })
      published = publishFloor(f.sql)
      published.catch(() => undefined)
      await eventually(async () => {
        const waiting = await f.sql`SELECT FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock'`
        return waiting.length > 0
      })
    })
    await published
    await remove()
    expect((await left())['deliveries']).toEqual([at(old, 0), ...young])
    expect(await f.sql`SELECT delivery FROM due`).toEqual([{ delivery: id }])
  })

  it('never lowers the floor, nor drops what is to be kept longer from now on', async () => {
    const floor = await publishFloor(f.sql)
    await setRetention(f.sql, 'operator', 60)
    expect(await publishFloor(f.sql)).toBe(floor)
    await remove()
    expect(await left()).toEqual(all([...old, ...young]))
  })

  it('is detached while others write and read, and they do not wait even if it must', async () => {
    const { id: subscription } = await f.subscribe()
    await publishFloor(f.sql)
    const first = await firstExpired(f.sql)
    let dropped = false
    let dropping: Promise<unknown> | undefined
    await f.sql.begin(async (tx) => {
      // A reader that does not come to its end.
      await tx`SELECT count(*) FROM deliveries`
      dropping = hold((sql) => dropPartition(sql, first)).then(() => (dropped = true))
      dropping.catch(() => undefined)
      await eventually(() => isPending(f.sql))
      for (let i = 0; i < 10; i += 1) {
        const { delivery } = await f.failOnce(subscription)
        expect(await redeliver(f.sql, yard, delivery)).toBeDefined()
        expect(await f.sql`SELECT FROM deliveries WHERE subscription = ${subscription}::int`).toHaveLength(
          i + 1,
        )
      }
      expect(dropped).toBe(false)
    })
    await dropping
    expect(dropped).toBe(true)
    expect((await left())['deliveries']).toEqual([...old, ...young].slice(1))
  })

  it('goes while writers are busy, and every one of their statements succeeds', async () => {
    const { id: subscription } = await f.subscribe()
    let over = false
    let written = 0
    const writers = [1, 2, 3].map(async () => {
      while (!over) {
        await storeTriggers(f.sql, [anEntry()], false)
        await f.failOnce(subscription)
        await f.sql`SELECT d.id FROM deliveries d JOIN triggers t ON t.id = d.trigger ORDER BY d.id DESC LIMIT 5`
        written += 1
      }
    })
    await eventually(() => written > 3)
    await remove().finally(() => (over = true))
    await Promise.all(writers)
    expect(await left()).toEqual(all(young))
    expect(await f.sql`SELECT FROM deliveries`).toHaveLength(written)
  })

  it('is finished in the next round when a detach was interrupted', async () => {
    for (const day of old) await settled(day)
    await publishFloor(f.sql)
    const first = await firstExpired(f.sql)
    await f.sql.begin(async (tx) => {
      await tx`SELECT count(*) FROM deliveries`
      const given = hold((sql) => dropPartition(sql, first), { lockTimeoutMs: 100 })
      await expect(given).rejects.toMatchObject({ code: '55P03' })
    })
    expect(await isPending(f.sql)).toBe(true)
    expect(await f.sql`SELECT FROM deliveries WHERE id < ${idOf(at(old, 1))}::bigint`).toHaveLength(0)

    await remove()
    expect(await isPending(f.sql)).toBe(false)
    expect(await left()).toEqual(all(young))
    expect(await f.sql`SELECT FROM pg_class WHERE relname = ${first.name}`).toHaveLength(0)
  })

  it('is finished when nothing but the DROP was missing, and leaves what somebody else detached', async () => {
    const names = [at(old, 0), at(old, 1)].map((day) => `deliveries_${day}_${day + 2}`)
    for (const name of names) await f.sql.unsafe(`ALTER TABLE deliveries DETACH PARTITION ${name}`)
    await f.sql.unsafe(`COMMENT ON TABLE ${names[0]} IS 'waybill: history to be dropped'`)
    expect(await hold(finishDrops)).toEqual([names[0]])
    const there = await f.sql`SELECT relname AS name FROM pg_class WHERE relname = ANY(${names}::text[])`
    expect(there).toEqual([{ name: names[1] }])
  })

  it('is removed by one process at a time', async () => {
    const second = await hold(() => hold(() => Promise.resolve('second')))
    expect(second).toBeUndefined()
    expect(await hold(() => Promise.resolve('third'))).toBe('third')
  })

  it('is left alone at once when the process is to stop', async () => {
    const abort = new AbortController()
    const work = holdRetention(f.url, abort.signal, (sql) => sql`SELECT pg_sleep(50)`)
    work.catch(() => undefined)
    await eventually(async () => {
      const asleep = await f.sql`SELECT FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'PgSleep'`
      return asleep.length === 1
    })
    abort.abort()
    await expect(work).rejects.toMatchObject({ code: expect.stringMatching(/^CONNECTION_/) })
  })
})

async function isPending(sql: Sql): Promise<boolean> {
  const [row] = await sql<{ pending: boolean }[]>`
    SELECT coalesce(bool_or(inhdetachpending), false) AS pending FROM pg_inherits`
  return row?.pending ?? false
}

async function firstExpired(sql: Sql): Promise<Partition> {
  const [first] = await listExpiredPartitions(sql, 'deliveries')
  if (!first) throw new Error('nothing is expired')
  return first
}
