import { describe, expect, it } from '@jest/globals'
import { createHeld } from '../src/lease/create-held.ts'

describe('what is held', () => {
  it('is held once, until it is let go', () => {
    const held = createHeld<number>(() => 0)
    const letGo = held.take(7)
    expect(held.take(7)).toBeUndefined()
    expect([...held.ids()]).toEqual([7])
    letGo?.()
    expect(held.size()).toBe(0)
    expect(held.take(7)).toBeDefined()
  })

  it('is as old as the one held longest', () => {
    let nowMs = 1_000
    const held = createHeld<number>(() => nowMs)
    expect(held.oldestMs()).toBe(0)
    const first = held.take(1)
    nowMs += 500
    held.take(2)
    nowMs += 250
    expect(held.oldestMs()).toBe(750)
    first?.()
    expect(held.oldestMs()).toBe(250)
    first?.()
    expect(held.size()).toBe(1)
  })
})
