import { describe, expect, it } from '@jest/globals'
import { createDatabaseClock } from '../src/storage/create-database-clock.ts'

const hour = 3_600_000

describe("the database's clock", () => {
  const open = (hostMs: number) => {
    const at = { host: hostMs, monotonic: 5_000 }
    const clock = createDatabaseClock({ now: () => at.host, monotonic: () => at.monotonic })
    const passes = (ms: number) => {
      at.host += ms
      at.monotonic += ms
    }
    return { at, clock, passes }
  }

  it("is the host's until the database has told", () => {
    const { clock, passes } = open(hour)
    passes(10)
    expect(clock.nowMs()).toBe(hour + 10)
  })

  it.each([-hour, hour])('goes on from what the database told, whatever the host says (%i ms)', (wrongBy) => {
    const { at, clock, passes } = open(24 * hour + wrongBy)
    clock.ask()(24 * hour)
    passes(60_000)
    expect(clock.nowMs()).toBe(24 * hour + 60_000)
    at.host -= hour
    expect(clock.nowMs()).toBe(24 * hour + 60_000)
  })

  it('is not behind after the machine has slept', () => {
    const { at, clock } = open(24 * hour)
    clock.ask()(24 * hour)
    at.host += 8 * hour
    expect(clock.nowMs()).toBe(32 * hour)
  })

  it('is not behind when an answer took long', () => {
    const { clock, passes } = open(0)
    const told = clock.ask()
    passes(60_000)
    told(24 * hour)
    expect(clock.nowMs()).toBe(24 * hour + 60_000)
    clock.ask()(25 * hour)
    expect(clock.nowMs()).toBe(25 * hour)
  })
})
