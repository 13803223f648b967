import { describe, expect, it } from '@jest/globals'
import { asSubscriptionId } from '@waybill/domain'
import { createBreakers } from '../src/delivery/create-breakers.ts'
import { healthAfter, maxBlockedMs, unwellToOpen, type LaneHealth } from '../src/drain/lane-health.ts'
import { watchLane } from '../src/drain/watch-lane.ts'

const well: LaneHealth = { unwell: 0, limit: null }
const after = (answers: readonly boolean[], from = well) =>
  answers.reduce((health, isWell) => healthAfter(health, isWell, 20), from)
const times = (n: number, isWell: boolean) => Array.from({ length: n }, () => isWell)

describe('the health of a lane', () => {
  it('is not changed by fewer failures than open the breaker', () => {
    expect(after(times(unwellToOpen - 1, false))).toEqual({ unwell: unwellToOpen - 1, limit: null })
  })

  it('has a limit of 1 once the breaker is open', () => {
    expect(after(times(unwellToOpen, false))).toEqual({ unwell: unwellToOpen, limit: 1 })
  })

  it('makes room for one more with every good answer, up to what the subscription allows', () => {
    const open = after(times(unwellToOpen, false))
    expect(after(times(5, true), open)).toEqual({ unwell: 0, limit: 6 })
    expect(after(times(18, true), open)).toEqual({ unwell: 0, limit: 19 })
    expect(after(times(19, true), open)).toEqual({ unwell: 0, limit: null })
  })

  it('halves what it has regained when a failure comes in between', () => {
    expect(after([...times(9, true), false], { unwell: 12, limit: 1 })).toEqual({ unwell: 1, limit: 5 })
  })
})

describe('a turn of a lane', () => {
  const lane = (health = { ...well, isFailing: false }) => ({ limit: 20, health })
  const result = (isWell: boolean, askedToWaitMs = 0) => ({
    isWell,
    askedToWaitMs,
    decision: isWell
      ? ({ kind: 'delivered' } as const)
      : ({ kind: 'retry', delayMs: 1, failures: 1 } as const),
  })

  it('has nothing to report of an endpoint that was and is well', () => {
    const watch = watchLane(lane(), 5_000)
    watch.add(result(true))
    expect(watch.report()).toBeUndefined()
    expect(watch.limit()).toBe(20)
  })

  it('ends where the endpoint asks for time, and blocks the lane for it, within bounds', () => {
    const watch = watchLane(lane(), 5_000)
    watch.add(result(false, 7_000))
    expect(watch.limit()).toBe(0)
    expect(watch.report()).toMatchObject({ blockedForMs: 7_000, outcome: 'failed', unwell: 1 })
    watch.add(result(false, 86_400_000))
    expect(watch.report()).toMatchObject({ blockedForMs: maxBlockedMs })
  })

  it('ends with the first probe that fails while the breaker is open', () => {
    const watch = watchLane(lane({ unwell: 30, limit: 1, isFailing: true }), 5_000)
    expect(watch.limit()).toBe(1)
    watch.add(result(false))
    expect(watch.limit()).toBe(0)
    expect(watch.report()).toEqual({ unwell: 31, limit: 1, blockedForMs: 5_000, outcome: 'failed' })
  })

  it('tells that something was delivered again', () => {
    const watch = watchLane(lane({ ...well, isFailing: true }), 5_000)
    watch.add(result(true))
    expect(watch.report()).toMatchObject({ outcome: 'delivered' })
  })
})

describe('the breaker of first attempts', () => {
  const endpoint = asSubscriptionId(4)
  const open = (now: { ms: number }) => {
    const breakers = createBreakers({ unwellToOpen, probeEveryMs: 5_000, monotonic: () => now.ms })
    for (let i = 0; i < unwellToOpen; i += 1) breakers.report(endpoint, false)
    return breakers
  }

  it('opens after failures in a row, for that endpoint only', () => {
    const breakers = open({ ms: 0 })
    expect(breakers.isOpen(endpoint)).toBe(true)
    expect(breakers.isOpen(asSubscriptionId(5))).toBe(false)
    expect(breakers.openCount()).toBe(1)
  })

  it('lets one through now and then, and closes with the first good answer', () => {
    const now = { ms: 0 }
    const breakers = open(now)
    now.ms = 5_000
    expect([1, 2, 3].map(() => breakers.isOpen(endpoint))).toEqual([false, true, true])
    breakers.report(endpoint, true)
    expect(breakers.isOpen(endpoint)).toBe(false)
    expect(breakers.openCount()).toBe(0)
  })
})
