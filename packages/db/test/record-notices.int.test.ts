import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { recordFirstOutcomes, recordLaterOutcomes, redeliver } from '@waybill/db'
import type { SubscriptionId } from '@waybill/domain'
import { anAttempt, failedFirst, openFixture, yard, type Fixture } from './support/fixture.ts'

describe('notices of outcomes', () => {
  let f: Fixture
  let lane: SubscriptionId
  let n = 0
  beforeAll(async () => (f = await openFixture()))
  beforeEach(async () => {
    n += 1
    lane = (await f.subscribe({ key: `noticed-${n}` })).id
  })
  afterAll(() => f.close())

  const noticed = () => f.sql<{ kind: string; ref: string; integration: number; details: unknown }[]>`
    SELECT kind, ref, integration, details FROM notices WHERE details ->> 'subscription' = ${String(lane)} ORDER BY id`

  it('are left with a first outcome, once however often it is written', async () => {
    const { batch, trigger, delivery } = await f.plan(lane)
    const outcome = {
      ...failedFirst(delivery, trigger, lane, 60_000),
      notices: ['delivery_given_up'] as const,
    }
    await recordFirstOutcomes(f.sql, f.worker, [outcome], [])
    await recordFirstOutcomes(f.sql, f.worker, [outcome], [batch])
    const [only, ...others] = await noticed()
    expect(others).toEqual([])
    expect(only).toMatchObject({ kind: 'delivery_given_up', integration: yard })
    expect(only?.details).toMatchObject({ subscription: lane, delivery, attempts: 1, code: 500 })
  })

  it('are left with a later outcome, one a generation of the delivery', async () => {
    const { delivery } = await f.failOnce(lane)
    const failAgain = (attempt: number, generation: number) =>
      recordLaterOutcomes(f.sql, [
        {
          delivery,
          generation,
          status: 3,
          err: null,
          notices: ['delivery_failing'],
          attempt: anAttempt({ n: attempt, code: 503 }),
          retry: { delayMs: 60_000, step: attempt },
        },
      ])
    await failAgain(2, 1)
    await failAgain(2, 1)
    await failAgain(3, 1)
    expect((await noticed()).map((row) => row.ref)).toEqual([`${delivery}.1`])
    await redeliver(f.sql, yard, delivery)
    await failAgain(4, 2)
    expect((await noticed()).map((row) => row.ref)).toEqual([`${delivery}.1`, `${delivery}.2`])
  })

  it('of an endpoint are one a day, for all its deliveries together', async () => {
    const given = [await f.plan(lane), await f.plan(lane)]
    for (const { batch, trigger, delivery } of given)
      await recordFirstOutcomes(
        f.sql,
        f.worker,
        [{ ...failedFirst(delivery, trigger, lane, 60_000), notices: ['subscription_failing'] }],
        [batch],
      )
    expect(await noticed()).toHaveLength(1)
  })
})
