import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  claimLane,
  deleteSubscription,
  findAttempts,
  openDatabase,
  sliceLane,
  updateSubscription,
  type Database,
} from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { openFixture, waitForLockWait, yard, type Fixture } from './support/fixture.ts'

let f: Fixture
/** The server looks for deadlocks sooner on these connections, so that it is their statement that it ends. */
let hasty: Database
beforeAll(async () => {
  f = await openFixture()
  const url = new URL(f.url)
  url.searchParams.set('deadlock_timeout', '100')
  hasty = openDatabase({
    url: url.href,
    applicationName: 'waybill-test',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 10_000,
  })
})
afterAll(async () => {
  await hasty.close()
  await f.close()
})

/**
 * Runs `work` while somebody holds the subscription and then wants the version, which changes take first. Both come to their
 * ends only when the server ends the work's statement and the work is done again.
 */
async function crossed<T>(subscription: SubscriptionId, work: () => Promise<T>): Promise<T> {
  let working: Promise<T> | undefined
  await f.sql.begin(async (tx) => {
    await tx`SELECT FROM subscriptions WHERE id = ${subscription}::int FOR UPDATE`
    working = work()
    working.catch(() => {})
    await waitForLockWait(f)
    await tx`SELECT FROM config FOR UPDATE`
  })
  if (!working) throw new Error('nothing was done')
  return working
}

describe('a change that loses a deadlock', () => {
  it('is done again, and once', async () => {
    const { id } = await f.subscribe({ key: 'changed' })
    const changed = await crossed(id, () =>
      updateSubscription(hasty.orm, 'test', yard, id, { name: 'New name' }),
    )
    expect(changed).toMatchObject({ name: 'New name', revision: 2 })
  })

  it('is done again when it deletes', async () => {
    const { id } = await f.subscribe({ key: 'deleted' })
    expect(await crossed(id, () => deleteSubscription(hasty.orm, 'test', yard, id))).toBe(true)
  })
})

describe('a slice that loses a deadlock after it has marked', () => {
  it('has what it marked, with the death it found', async () => {
    const { id } = await f.subscribe({ key: 'sliced' })
    const one = await f.failOnce(id)
    const two = await f.failOnce(id)
    await f.sql`UPDATE due SET run = 0 WHERE subscription = ${id}::int`
    const lane = await claimLane(f.sql, id, f.worker)
    if (!lane) throw new Error('not claimed')
    const wanted = { limit: 10, suspects: false, which: 'all' } as const
    let slicing: ReturnType<typeof sliceLane> | undefined
    await f.sql.begin(async (tx) => {
      await tx`SELECT FROM deliveries WHERE id = ${two.delivery}::bigint FOR UPDATE`
      slicing = sliceLane(hasty.sql, id, f.worker, lane.run, wanted)
      slicing.catch(() => {})
      await waitForLockWait(f)
      await tx`SELECT FROM deliveries WHERE id = ${one.delivery}::bigint FOR UPDATE`
    })
    expect((await slicing)?.map((due) => [due.delivery, due.attempts, due.crashes])).toEqual([
      [one.delivery, 2, 1],
      [two.delivery, 2, 1],
    ])
    expect(await findAttempts(f.sql, [one.delivery])).toHaveLength(2)
  })
})
