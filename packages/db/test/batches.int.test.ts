import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  claimBatch,
  freezePlan,
  joinWorkers,
  leaveWorkers,
  plannedHow,
  quarantineBatch,
  recordFirstOutcomes,
  findForgottenBatches,
  findOwned,
  findStrangers,
  freeOwned,
  splitPlan,
  splitTriggers,
  storeTriggers,
  takeOverDeadWorkers,
} from '@waybill/db'
import { asBatchId, asSubscriptionId, type SubscriptionId } from '@waybill/domain'
import {
  anAttempt,
  anEntry,
  aTrigger,
  failedFirst,
  openFixture,
  type Fixture,
  elsewhere,
  yard,
} from './support/fixture.ts'

describe('batches', () => {
  let f: Fixture
  let subscription: SubscriptionId
  beforeAll(async () => {
    f = await openFixture()
    subscription = (await f.subscribe()).id
  })
  afterAll(() => f.close())

  const aBatch = async (triggers = 1) => {
    const entry = anEntry({ triggers: Array.from({ length: triggers }, () => aTrigger()) })
    const { batch } = await storeTriggers(f.sql, [entry], false)
    if (batch === undefined) throw new Error('no batch')
    return batch
  }
  const planned = () => ({ offset: 0, subscription, revision: 1, how: plannedHow.send })
  const rowOf = async (batch: number) => {
    const [row] = await f.sql<{ owner: number | null; runs: number; plan: number[] | null }[]>`
      SELECT owner, runs, plan FROM batches WHERE id = ${batch}`
    return row
  }

  it('are not ended by deliveries of others that have their numbers', async () => {
    const one = await f.plan(subscription)
    const other = await f.plan(subscription)
    const outcome = failedFirst(one.delivery, one.trigger, subscription, 0)
    expect(await recordFirstOutcomes(f.sql, f.worker, [outcome], [one.batch])).toBe(1)
    expect(await recordFirstOutcomes(f.sql, f.worker, [outcome], [one.batch])).toBe(0)
    const good = failedFirst(other.delivery, other.trigger, subscription, 0)
    const strange = { ...outcome, trigger: other.trigger }
    const recording = recordFirstOutcomes(f.sql, f.worker, [strange, good], [other.batch])
    await expect(recording).rejects.toMatchObject({ code: '23505' })
    expect(await rowOf(other.batch)).toMatchObject({ owner: f.worker })
    const elsewhere = { ...outcome, subscription: asSubscriptionId(subscription + 1) }
    await expect(recordFirstOutcomes(f.sql, f.worker, [elsewhere], [])).rejects.toThrow(
      `delivery ${one.delivery} is of another trigger or subscription`,
    )
  })

  it('can be claimed however often they were given back', async () => {
    const batch = await aBatch()
    await claimBatch(f.sql, batch, f.worker)
    await freezePlan(f.sql, batch, f.worker, [planned()])
    await f.sql`UPDATE batches SET owner = NULL, runs = 32767 WHERE id = ${batch}::bigint`
    expect(await claimBatch(f.sql, batch, f.worker)).toMatchObject({ runs: 32_767 })
  })

  it('are claimed by exactly one of many that try at once', async () => {
    for (let round = 0; round < 20; round += 1) {
      const batch = await aBatch(3)
      const workers = [f.worker, ...f.others]
      const claims = await Promise.all(workers.map((worker) => claimBatch(f.sql, batch, worker)))
      const won = claims.filter((claim) => claim !== undefined)
      expect(won).toHaveLength(1)
      expect(won[0]).toMatchObject({ id: batch, runs: 1, frozen: undefined })
      expect(won[0]?.triggers).toHaveLength(3)
    }
  })

  it('are left alone when quarantined or of a newer format', async () => {
    const newer = await aBatch()
    await f.sql`UPDATE batches SET v = 2 WHERE id = ${newer}`
    expect(await claimBatch(f.sql, newer, f.worker)).toBeUndefined()
    const aside = await aBatch(2)
    await f.sql`UPDATE triggers SET integration = ${elsewhere}::int WHERE id = ${aside}::bigint + 1`
    await claimBatch(f.sql, aside, f.worker)
    expect(await quarantineBatch(f.sql, aside, f.worker)).toBe(true)
    expect(await claimBatch(f.sql, aside, f.worker)).toBeUndefined()
    const notices = await f.sql`
      SELECT ref, integration, details FROM notices WHERE kind = 'batch_quarantined' ORDER BY integration`
    expect([...notices]).toEqual([
      { ref: `${aside}.${yard}`, integration: yard, details: { trigger: aside, runs: 1 } },
      { ref: `${aside}.${elsewhere}`, integration: elsewhere, details: { trigger: aside + 1, runs: 1 } },
    ])
  })

  it('can be frozen once, and only by their owner', async () => {
    const batch = await aBatch()
    await claimBatch(f.sql, batch, f.worker)
    expect(await freezePlan(f.sql, batch, f.stranger, [planned()])).toBeUndefined()
    const [one, two] = await Promise.all([
      freezePlan(f.sql, batch, f.worker, [planned()]),
      freezePlan(f.sql, batch, f.worker, []),
    ])
    expect([one, two].filter((base) => base !== undefined)).toHaveLength(1)
  })

  it('tell a second owner that they were frozen, and what was planned', async () => {
    const batch = await aBatch()
    await claimBatch(f.sql, batch, f.worker)
    const base = await freezePlan(f.sql, batch, f.worker, [planned()])
    await freeOwned(f.sql, f.worker, await findOwned(f.sql, f.worker))
    const again = await claimBatch(f.sql, batch, f.others[0] ?? f.stranger)
    expect(again).toMatchObject({ runs: 2, frozen: { base, plan: [planned()] } })
  })

  it('start over for a second owner when nothing was frozen', async () => {
    const batch = await aBatch()
    await claimBatch(f.sql, batch, f.worker)
    await freeOwned(f.sql, f.worker, await findOwned(f.sql, f.worker))
    // Nobody died: the run is given back.
    expect(await claimBatch(f.sql, batch, f.others[0] ?? f.stranger)).toMatchObject({
      runs: 1,
      frozen: undefined,
    })
  })

  it('are freed by name: those that are not named stay, and so does one that was claimed anew meanwhile', async () => {
    const [held, lost, again] = [await aBatch(), await aBatch(), await aBatch()]
    const worker = await joinWorkers(f.sql, 'held')
    for (const batch of [held, lost, again]) await claimBatch(f.sql, batch, worker)
    const owned = await findOwned(f.sql, worker)
    expect([...owned.batches]).toEqual(
      expect.arrayContaining([
        [held, 1],
        [lost, 1],
        [again, 1],
      ]),
    )
    owned.batches.delete(held)
    await f.sql`UPDATE batches SET owner = NULL WHERE id = ${again}`
    await claimBatch(f.sql, again, worker)
    expect(await freeOwned(f.sql, worker, owned)).toBe(1)
    expect((await rowOf(held))?.owner).toBe(worker)
    expect((await rowOf(again))?.owner).toBe(worker)
    expect((await rowOf(lost))?.owner).toBeNull()
  })

  it('split a plan that is too long into parts that carry their plan and only the triggers they need', async () => {
    const batch = await aBatch(2)
    await claimBatch(f.sql, batch, f.worker)
    const parts = await splitPlan(f.sql, batch, f.worker, [
      { plan: [planned()], bulk: false },
      { plan: [{ ...planned(), offset: 1 }], bulk: true },
    ])
    expect(parts).toHaveLength(2)
    expect(await rowOf(batch)).toBeUndefined()
    const claims = await Promise.all(parts.map((part) => claimBatch(f.sql, part, f.worker)))
    const triggers = claims.map((claim, i) => {
      expect(claim).toMatchObject({ runs: 1, bulk: i === 1, frozen: { plan: [{ offset: 0 }] } })
      return claim?.triggers.map((trigger) => trigger.id)
    })
    expect(triggers).toEqual([[batch], [batch + 1]])
  })

  it('that nobody took are found apart, the bulk ones and the others', async () => {
    const entry = () => anEntry({ triggers: [aTrigger()] })
    const { batch: flood } = await storeTriggers(f.sql, [entry()], true)
    const other = await aBatch()
    const found = (bulk: boolean) => findForgottenBatches(f.sql, 0, 1_000, bulk)
    expect(await found(true)).toContain(flood)
    expect(await found(true)).not.toContain(other)
    expect(await found(false)).toContain(other)
    expect(await found(false)).not.toContain(flood)
    expect(await claimBatch(f.sql, other, f.worker)).toMatchObject({ bulk: false })
  })

  it('are split by a former owner in vain', async () => {
    const batch = await aBatch()
    await claimBatch(f.sql, batch, f.worker)
    expect(await splitPlan(f.sql, batch, f.stranger, [{ plan: [planned()], bulk: true }])).toEqual([])
    expect(await splitTriggers(f.sql, batch, f.stranger)).toEqual([])
    expect(await rowOf(batch)).toBeDefined()
  })

  it('are taken apart into single triggers that remember the runs', async () => {
    const batch = await aBatch(3)
    await claimBatch(f.sql, batch, f.worker)
    const parts = await splitTriggers(f.sql, batch, f.worker)
    const claim = await claimBatch(f.sql, parts[0] ?? asBatchId(0), f.worker)
    expect(parts).toHaveLength(3)
    expect(claim?.triggers).toHaveLength(1)
    expect(claim?.runs).toBe(2)
  })

  it('end in the statement that holds their last outcome, and only for their owner', async () => {
    const { batch, trigger, delivery } = await f.plan(subscription)
    const outcome = failedFirst(delivery, trigger, subscription, 60_000)
    await recordFirstOutcomes(f.sql, f.stranger, [outcome], [batch])
    expect(await rowOf(batch)).toBeDefined()
    await recordFirstOutcomes(f.sql, f.worker, [outcome], [batch])
    expect(await rowOf(batch)).toBeUndefined()
  })

  it('record a first outcome once: the second to come is ignored with all its side rows', async () => {
    const { trigger, delivery } = await f.plan(subscription)
    const delivered = {
      ...failedFirst(delivery, trigger, subscription, 0),
      status: 2,
      attempt: anAttempt(),
      due: null,
    }
    const taken = await Promise.all([
      recordFirstOutcomes(f.sql, f.worker, [delivered], []),
      recordFirstOutcomes(f.sql, f.worker, [failedFirst(delivery, trigger, subscription, 0)], []),
    ])
    expect(taken[0] + taken[1]).toBe(1)
    const [row] = await f.sql<{ status: number; attempts: number; due: boolean }[]>`
      SELECT d.status, (SELECT count(*)::int FROM attempts a WHERE a.delivery = d.id) AS attempts,
        EXISTS (SELECT FROM due u WHERE u.delivery = d.id) AS due
      FROM deliveries d WHERE d.id = ${delivery}`
    expect(row?.attempts).toBe(1)
    expect(row?.due).toBe(row?.status === 3)
  })

  it('are freed from a worker that was silent too long, and from no other', async () => {
    const silent = await joinWorkers(f.sql, 'silent')
    const batch = await aBatch()
    await claimBatch(f.sql, batch, silent)
    expect(await takeOverDeadWorkers(f.sql, f.worker, 60_000)).toEqual([])
    await f.sql`UPDATE workers SET seen_at = now() - interval '61 s' WHERE id = ${silent}`
    const takers = await Promise.all([1, 2, 3].map(() => takeOverDeadWorkers(f.sql, f.worker, 60_000)))
    expect(takers.flat()).toEqual([silent])
    expect((await rowOf(batch))?.owner).toBeNull()
  })

  it('are freed from an owner that is no worker any more, and are not claimed by one', async () => {
    const gone = await joinWorkers(f.sql, 'gone')
    const batch = await aBatch()
    await claimBatch(f.sql, batch, gone)
    await f.sql`DELETE FROM workers WHERE id = ${gone}`
    expect(await findStrangers(f.sql)).toEqual([gone])
    expect(await freeOwned(f.sql, gone, await findOwned(f.sql, gone))).toBe(1)
    expect(await claimBatch(f.sql, batch, gone)).toBeUndefined()
    expect(await claimBatch(f.sql, batch, f.worker)).toMatchObject({ id: batch })
  })

  it('are not taken from anyone by a worker that is itself silent', async () => {
    const [silent, other] = [await joinWorkers(f.sql, 'silent'), await joinWorkers(f.sql, 'other')]
    await f.sql`UPDATE workers SET seen_at = now() - interval '61 s' WHERE id IN (${silent}, ${other})`
    expect(await takeOverDeadWorkers(f.sql, silent, 60_000)).toEqual([])
    await f.sql`DELETE FROM workers WHERE id IN (${silent}, ${other})`
  })

  it('are freed by a worker that leaves', async () => {
    const leaving = await joinWorkers(f.sql, 'leaving')
    const batch = await aBatch()
    await claimBatch(f.sql, batch, leaving)
    await leaveWorkers(f.sql, leaving)
    expect((await rowOf(batch))?.owner).toBeNull()
  })
})
