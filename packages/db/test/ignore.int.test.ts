import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  claimLane,
  findDelivery,
  inspectDeliveries,
  ignoreDelivery,
  recordLaterOutcomes,
  redeliver,
  redeliverEvent,
  sliceLane,
  type LaterOutcome,
  type SqlOrTransaction,
} from '@waybill/db'
import { statusCode, type DeliveryId, type DeliveryStatus, type SubscriptionId } from '@waybill/domain'
import { anAttempt, elsewhere, openFixture, waitForLockWait, yard, type Fixture } from './support/fixture.ts'

let f: Fixture
let subscription: SubscriptionId
beforeAll(async () => {
  f = await openFixture()
  subscription = (await f.subscribe()).id
})
afterAll(() => f.close())

const ignore = (delivery: DeliveryId) => ignoreDelivery(f.sql, 'token:7', yard, delivery)
const setStatus = (delivery: DeliveryId, status: DeliveryStatus) =>
  f.sql`UPDATE deliveries SET status = ${statusCode(status)}::smallint WHERE id = ${delivery}::bigint`
const statusOf = async (delivery: DeliveryId) => (await findDelivery(f.sql, yard, delivery))?.status
const dueOf = (delivery: DeliveryId) => f.sql`SELECT generation FROM due WHERE delivery = ${delivery}::bigint`
const generationOf = async (delivery: DeliveryId) => {
  const [row] = await f.sql<{ generation: number }[]>`
    SELECT generation FROM deliveries WHERE id = ${delivery}::bigint`
  return row?.generation
}
const outcome = (
  delivery: DeliveryId,
  status: 'delivered' | 'failed',
  retry: LaterOutcome['retry'] = null,
): LaterOutcome => ({
  delivery,
  generation: 1,
  status: statusCode(status),
  err: status === 'failed' && !retry ? 'exhausted' : null,
  notices: [],
  attempt: anAttempt({ n: 2, code: status === 'failed' ? 500 : 200 }),
  retry,
})

describe('ignoring a delivery', () => {
  it.each<[DeliveryStatus, DeliveryStatus]>([
    ['failed', 'ignored_failed'],
    ['skipped', 'ignored_skipped'],
    ['duplicated', 'ignored_duplicated'],
  ])('makes %s into %s and ends its schedule', async (from, to) => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    await setStatus(delivery, from)
    expect(await ignore(delivery)).toBe(statusCode(to))
    expect(await statusOf(delivery)).toBe(statusCode(to))
    expect(await generationOf(delivery)).toBe(2)
    expect(await dueOf(delivery)).toHaveLength(0)
    const audit =
      await f.sql`SELECT actor, integration, action, details FROM audit_log WHERE target = ${String(delivery)}`
    expect([...audit]).toEqual([
      { actor: 'token:7', integration: yard, action: 'delivery.ignored', details: { subscription } },
    ])
  })

  it.each<DeliveryStatus>([
    'pending',
    'delivered',
    'ignored_failed',
    'ignored_skipped',
    'ignored_duplicated',
  ])('changes nothing of one that is %s', async (status) => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    await setStatus(delivery, status)
    expect(await ignore(delivery)).toBeUndefined()
    expect([await statusOf(delivery), await generationOf(delivery)]).toEqual([statusCode(status), 1])
    expect(await dueOf(delivery)).toHaveLength(1)
  })

  it('does not reach into another integration', async () => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    expect(await ignoreDelivery(f.sql, 'token:7', elsewhere, delivery)).toBeUndefined()
    expect(await statusOf(delivery)).toBe(statusCode('failed'))
  })

  it('leaves nothing that a lane would send', async () => {
    const alone = (await f.subscribe({ key: 'alone' })).id
    const { delivery } = await f.failOnce(alone)
    await ignore(delivery)
    const claim = await claimLane(f.sql, alone, f.worker)
    expect(
      claim &&
        (await sliceLane(f.sql, alone, f.worker, claim.run, { limit: 10, suspects: false, which: 'all' })),
    ).toEqual([])
  })
})

describe('ignoring a delivery while it is being sent', () => {
  it.each<[string, LaterOutcome['retry']]>([
    ['a failure that would be retried', { delayMs: 1_000, step: 2 }],
    ['the last failure', null],
  ])('keeps it ignored when %s comes later, and the attempt', async (_name, retry) => {
    const { delivery } = await f.failOnce(subscription)
    await ignore(delivery)
    expect([...(await recordLaterOutcomes(f.sql, [outcome(delivery, 'failed', retry)]))]).toEqual([delivery])
    expect(await findDelivery(f.sql, yard, delivery)).toMatchObject({
      status: statusCode('ignored_failed'),
      attempts: 2,
      nextAttemptAt: null,
    })
  })

  const marked = async (key: string) => {
    const { id } = await f.subscribe({ key })
    const { delivery } = await f.failOnce(id)
    const claim = await claimLane(f.sql, id, f.worker)
    if (!claim) throw new Error('not claimed')
    const slice = (run = claim.run) =>
      sliceLane(f.sql, id, f.worker, run, { limit: 10, suspects: false, which: 'all' })
    expect((await slice()).map((due) => due.delivery)).toEqual([delivery])
    return { id, delivery, slice }
  }

  it('sends one that is redelivered meanwhile only after that', async () => {
    const { delivery, slice } = await marked('redelivered')
    await ignore(delivery)
    expect(await redeliver(f.sql, yard, delivery)).toMatchObject({ generation: 3 })
    expect(await slice()).toEqual([])
    await recordLaterOutcomes(f.sql, [outcome(delivery, 'failed')])
    expect((await slice()).map((due) => [due.delivery, due.attempts, due.generation])).toEqual([
      [delivery, 2, 3],
    ])
  })

  it.each<'delivered' | 'failed'>(['delivered', 'failed'])(
    'leaves nothing due once it is %s',
    async (status) => {
      const { delivery } = await marked(`settled-${status}`)
      await ignore(delivery)
      expect(await findDelivery(f.sql, yard, delivery)).toMatchObject({ nextAttemptAt: null })
      expect(await inspectDeliveries(f.sql, [delivery])).toEqual([])
      await recordLaterOutcomes(f.sql, [
        outcome(delivery, status, status === 'failed' ? { delayMs: 0, step: 2 } : null),
      ])
      expect(await dueOf(delivery)).toHaveLength(0)
    },
  )

  it('does not send it again when its worker died', async () => {
    const { id, delivery, slice } = await marked('died')
    await ignore(delivery)
    await f.sql`UPDATE lanes SET owner = NULL WHERE subscription = ${id}::int`
    const claim = await claimLane(f.sql, id, f.worker)
    expect(await slice(claim?.run)).toEqual([])
    expect(await dueOf(delivery)).toHaveLength(0)
    expect(await findDelivery(f.sql, yard, delivery)).toMatchObject({
      status: statusCode('ignored_failed'),
      attempts: 2,
    })
  })

  it('lets a later 2xx make it delivered', async () => {
    const { delivery } = await f.failOnce(subscription)
    await ignore(delivery)
    await recordLaterOutcomes(f.sql, [outcome(delivery, 'delivered')])
    expect(await findDelivery(f.sql, yard, delivery)).toMatchObject({
      status: statusCode('delivered'),
      attempts: 2,
    })
    expect(await dueOf(delivery)).toHaveLength(0)
  })

  /** Begins `first` in a transaction, and `second` while it is open; ends the first once the second waits for it. */
  async function meet<T>(first: (tx: SqlOrTransaction) => Promise<unknown>, second: () => Promise<T>) {
    let waiting: Promise<T> | undefined
    await f.sql.begin(async (tx) => {
      await first(tx)
      waiting = second()
      await waitForLockWait(f)
    })
    if (!waiting) throw new Error('the second one never began')
    return waiting
  }

  it('waits for a success that is being recorded, and does not ignore it', async () => {
    const { delivery } = await f.failOnce(subscription)
    const done = await meet(
      (tx) => recordLaterOutcomes(tx, [outcome(delivery, 'delivered')]),
      () => ignore(delivery),
    )
    expect([done, await statusOf(delivery)]).toEqual([undefined, statusCode('delivered')])
  })

  it('waits for a failure that is being recorded, and takes its retry away', async () => {
    const { delivery } = await f.failOnce(subscription)
    const done = await meet(
      (tx) => recordLaterOutcomes(tx, [outcome(delivery, 'failed', { delayMs: 1_000, step: 2 })]),
      () => ignore(delivery),
    )
    const ignored = statusCode('ignored_failed')
    expect([done, await statusOf(delivery)]).toEqual([ignored, ignored])
    expect(await dueOf(delivery)).toHaveLength(0)
  })

  it('makes a failure wait that would be recorded meanwhile', async () => {
    const { delivery } = await f.failOnce(subscription)
    await meet(
      (tx) => ignoreDelivery(tx, 'token:7', yard, delivery),
      () => recordLaterOutcomes(f.sql, [outcome(delivery, 'failed', { delayMs: 1_000, step: 2 })]),
    )
    expect(await findDelivery(f.sql, yard, delivery)).toMatchObject({
      status: statusCode('ignored_failed'),
      attempts: 2,
    })
    expect(await dueOf(delivery)).toHaveLength(0)
  })

  it('does not ignore what is redelivered at that moment', async () => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    const done = await meet(
      (tx) => redeliver(tx, yard, delivery),
      () => ignore(delivery),
    )
    expect([done, await statusOf(delivery)]).toEqual([undefined, statusCode('pending')])
    expect(await dueOf(delivery)).toHaveLength(1)
  })
})

describe('redelivering with an audit line', () => {
  it('makes an ignored delivery pending and due, and says who did', async () => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    await ignore(delivery)
    expect(await redeliverEvent(f.sql, 'token:7', yard, delivery)).toEqual({
      delivery,
      subscription,
      generation: 3,
    })
    expect(await statusOf(delivery)).toBe(statusCode('pending'))
    expect([...(await dueOf(delivery))]).toEqual([{ generation: 3 }])
    const audit = await f.sql`SELECT action FROM audit_log WHERE target = ${String(delivery)} ORDER BY id`
    expect(audit.map(({ action }) => action)).toEqual(['delivery.ignored', 'delivery.redelivered'])
  })

  it('leaves no audit line where there is no such delivery', async () => {
    const { delivery } = await f.failOnce(subscription, 60_000)
    expect(await redeliverEvent(f.sql, 'token:7', elsewhere, delivery)).toBeUndefined()
    const audit = await f.sql`SELECT FROM audit_log WHERE target = ${String(delivery)}`
    expect(audit).toHaveLength(0)
  })
})
