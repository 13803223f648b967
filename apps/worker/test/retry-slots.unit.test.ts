import { describe, expect, it } from '@jest/globals'
import { createRetrySlots } from '../src/delivery/create-retry-slots.ts'

describe('retry slots', () => {
  it('are given in the order of the wishes', async () => {
    const slots = createRetrySlots({ total: 1 })
    const leave = await slots.enter()
    const order: number[] = []
    const others = [1, 2].map(async (n) => {
      const leaveAgain = await slots.enter()
      order.push(n)
      leaveAgain()
    })
    leave()
    leave()
    await Promise.all(others)
    expect(order).toEqual([1, 2])
    expect(slots.inUse()).toBe(0)
  })

  it('come back from slow requests while others wait, up to a number of such requests', async () => {
    let now = 0
    const slots = createRetrySlots({ total: 1, slow: 1, patienceMs: 40, monotonic: () => now })
    const first = await slots.enter()
    now = 50
    const second = await slots.enter()
    expect([slots.inUse(), slots.slow()]).toEqual([1, 1])
    now = 100
    const third = slots.enter()
    expect(await Promise.race([third, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])).toBe(
      'waits',
    )
    first()
    ;(await third)()
    second()
    expect([slots.inUse(), slots.slow()]).toEqual([0, 0])
  })

  it('stay with slow requests while this process is what is slow', async () => {
    let now = 0
    const slots = createRetrySlots({ total: 1, patienceMs: 40, keepsUp: () => false, monotonic: () => now })
    const leave = await slots.enter()
    now = 50
    const other = slots.enter()
    expect(await Promise.race([other, new Promise((resolve) => setTimeout(resolve, 100, 'waits'))])).toBe(
      'waits',
    )
    leave()
    ;(await other)()
    expect(slots.slow()).toBe(0)
  })
})
