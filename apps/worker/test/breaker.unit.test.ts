import { describe, expect, it } from '@jest/globals'
import { asSubscriptionId } from '@waybill/domain'
import { createBreakers } from '../src/delivery/create-breakers.ts'
import {
  healthAfter,
  maxBlockedMs,
  openLimit,
  unwellToOpen,
  type LaneHealth,
} from '../src/drain/lane-health.ts'
import { watchLane } from '../src/drain/watch-lane.ts'

const well: LaneHealth = { unwell: 0, limit: null }
const after = (answers: readonly boolean[], from = well) =>
  answers.reduce((health, isWell) => healthAfter(health, isWell, 20), from)
const times = (n: number, isWell: boolean) => Array.from({ length: n }, () => isWell)

describe('the health of a lane', () => {
  it('is not changed by fewer failures than open the breaker', () => {
    expect(after(times(unwellToOpen - 1, false))).toEqual({ unwell: unwellToOpen - 1, limit: null })
  })

  it('has room for a few requests once the breaker is open', () => {
    expect(after(times(unwellToOpen, false))).toEqual({ unwell: unwellToOpen, limit: openLimit })
    expect(healthAfter({ unwell: 9, limit: null }, false, 2)).toEqual({ unwell: 10, limit: 2 })
  })

  it('makes room for one more with every good answer, up to what the subscription allows', () => {
    const open = after(times(unwellToOpen, false))
    expect(after(times(5, true), open)).toEqual({ unwell: 0, limit: openLimit + 5 })
    expect(after(times(20 - openLimit, true), open)).toEqual({ unwell: 0, limit: null })
  })

  it('recovers although every other answer is bad', () => {
    const mixed = Array.from({ length: 60 }, (_, i) => i % 2 === 0)
    expect(after(mixed, after(times(unwellToOpen, false)))).toMatchObject({ limit: null })
  })
})

describe('a turn of a lane', () => {
  const lane = (health: LaneHealth & { isFailing?: boolean } = well) => ({
    limit: 20,
    health: { isFailing: false, ...health },
  })
  const retry = { kind: 'retry', delayMs: 1, failures: 1 } as const
  const good = { isWell: true, askedToWaitMs: 0, decision: { kind: 'delivered' } as const }
  const bad = (askedToWaitMs = 0) => ({ isWell: false, askedToWaitMs, decision: retry })
  const open = { unwell: 30, limit: openLimit, isFailing: true }

  it('has nothing to report of an endpoint that was and is well', () => {
    const watch = watchLane(lane(), 5_000)
    watch.add(good)
    expect(watch.report()).toBeUndefined()
    expect([watch.limit(), watch.next()]).toEqual([20, 'all'])
  })

  it('ends where the endpoint asks for time, and blocks the lane for it, within bounds', () => {
    const watch = watchLane(lane(), 5_000)
    watch.add(bad(7_000))
    expect(watch.limit()).toBe(0)
    expect(watch.report()).toMatchObject({ blockedForMs: 7_000, outcome: 'failed', unwell: 1 })
    watch.add(bad(86_400_000))
    expect(watch.report()).toMatchObject({ blockedForMs: maxBlockedMs })
  })

  it('goes on with retries while the breaker is open, and sends no first attempt after a probe that failed', () => {
    const watch = watchLane(lane(open), 5_000)
    expect([watch.limit(), watch.next()]).toEqual([openLimit, 'retries, then firsts'])
    watch.add(bad())
    expect([watch.limit(), watch.next()]).toEqual([openLimit, 'retries'])
    expect(watch.report()).toEqual({
      unwell: 31,
      limit: openLimit,
      blockedForMs: 5_000,
      outcome: 'failed',
    })
  })

  it('does not pause once a probe was answered well', () => {
    const watch = watchLane(lane(open), 5_000)
    watch.add(bad())
    watch.add(good)
    expect(watch.next()).toBe('all')
    expect(watch.report()).toMatchObject({ unwell: 0, blockedForMs: 0, outcome: 'delivered' })
  })

  it('learns nothing of an endpoint that was not asked', () => {
    const watch = watchLane(lane(), 5_000)
    watch.add({ isWell: undefined, askedToWaitMs: 0, decision: retry })
    expect(watch.report()).toBeUndefined()
  })

  it('tells that something was delivered again', () => {
    const watch = watchLane(lane({ ...well, isFailing: true }), 5_000)
    watch.add(good)
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

  it('forgets an endpoint that was not asked for a day, which may be gone', () => {
    const now = { ms: 0 }
    const breakers = open(now)
    now.ms = 12 * 3_600_000
    for (let i = 0; i < unwellToOpen; i += 1) breakers.report(asSubscriptionId(5), false)
    expect(breakers.openCount()).toBe(2)
    now.ms = 24 * 3_600_000
    breakers.report(asSubscriptionId(6), false)
    expect(breakers.openCount()).toBe(1)
    expect(breakers.isOpen(endpoint)).toBe(false)
  })

  it('stays shut for as long as a Retry-After asks, whatever else comes back meanwhile', () => {
    const now = { ms: 0 }
    const breakers = createBreakers({ unwellToOpen, probeEveryMs: 5_000, monotonic: () => now.ms })
    breakers.report(endpoint, false, 60_000)
    breakers.report(endpoint, false)
    breakers.report(endpoint, undefined)
    now.ms = 59_999
    expect(breakers.isOpen(endpoint)).toBe(true)
    now.ms = 60_000
    expect(breakers.isOpen(endpoint)).toBe(false)
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
