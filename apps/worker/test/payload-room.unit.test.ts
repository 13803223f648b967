import { describe, expect, it } from '@jest/globals'
import { asSubscriptionId } from '@waybill/domain'
import { createPayloadRoom } from '../src/delivery/create-payload-room.ts'

const large = 100_000
const payload = 'x'.repeat(large)
const a = asSubscriptionId(1)
const others = [2, 3, 4, 5, 6, 7].map(asSubscriptionId)

describe('the room for large payloads', () => {
  it('is not needed by small ones', () => {
    const room = createPayloadRoom(2 * large)
    for (let i = 0; i < 100; i += 1) expect(room.tryEnter(a, 'x'.repeat(16_384))).toBeDefined()
    expect(room.inUse()).toEqual({ firstAttempts: 0, retries: 0 })
    room.tryEnter(a, 'ж'.repeat(8_193))
    expect(room.inUse().firstAttempts).toBe(16_386)
  })

  it('leaves some to others, however many first attempts a few subscriptions want', () => {
    const room = createPayloadRoom(40 * large)
    const leaves: (() => void)[] = []
    const enterAll = (subscription: typeof a) => {
      let n = 0
      for (
        let leave = room.tryEnter(subscription, payload);
        leave;
        leave = room.tryEnter(subscription, payload)
      ) {
        leaves.push(leave)
        n += 1
      }
      return n
    }
    expect(enterAll(a)).toBe(8)
    const each = others.map(enterAll)
    expect(Math.min(...each)).toBeGreaterThan(0)
    expect(room.inUse().firstAttempts).toBe(leaves.length * large)
    for (const leave of leaves) leave()
    expect(room.inUse().firstAttempts).toBe(0)
    expect(enterAll(a)).toBe(8)
  })

  it('is worth waiting for while those in it are new or answered, and not while they hang', () => {
    let now = 0
    const room = createPayloadRoom(16 * large, () => now)
    const two = payload + payload
    const leaves = others.flatMap((subscription) => room.tryEnter(subscription, two) ?? [])
    expect(leaves.length).toBeLessThan(others.length)
    const wait = () => room.isCrowded(two)
    expect([wait(), room.isCrowded('small')]).toEqual([true, false])
    now = 250
    expect(wait()).toBe(false)
    leaves.pop()?.()
    // A place is free.
    expect(wait()).toBe(false)
    expect(room.tryEnter(a, two)).toBeDefined()
    expect(wait()).toBe(true)
    now = 500
    expect(wait()).toBe(false)
    now = 5_000
    leaves.pop()?.()
    // That one came to its deadline: who takes its place will hardly be answered.
    expect(room.tryEnter(asSubscriptionId(9), two)).toBeDefined()
    expect(wait()).toBe(false)
  })

  it('is given to retries in the order of their wishes, whoever has first attempts in it', async () => {
    const room = createPayloadRoom(10 * large)
    room.tryEnter(a, payload + payload)
    const leave = await room.enter(9 * large)
    const order: string[] = []
    const wishes = ['large', 'small'].map((size) =>
      room.enter(size === 'large' ? 5 * large : large).then(() => order.push(size)),
    )
    await Promise.resolve()
    expect(order).toEqual([])
    leave()
    await Promise.all(wishes)
    expect(order).toEqual(['large', 'small'])
    expect(room.inUse()).toEqual({ firstAttempts: 2 * large, retries: 6 * large })
  })

  it('is given whole to a retry that is larger than it', async () => {
    const room = createPayloadRoom(large)
    const leave = await room.enter(2 * large)
    expect(room.inUse().retries).toBe(large)
    leave()
    expect(room.inUse().retries).toBe(0)
  })
})
