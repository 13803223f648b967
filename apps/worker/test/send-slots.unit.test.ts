import { afterEach, describe, expect, it } from '@jest/globals'
import { asSubscriptionId } from '@waybill/domain'
import { createSendSlots, type SendSlots, type Slot } from '../src/delivery/create-send-slots.ts'

const [one, two, three] = [asSubscriptionId(1), asSubscriptionId(2), asSubscriptionId(3)]

const held = (slot: Promise<Slot> | Slot) => {
  if (slot instanceof Promise || slot === 'saturated') throw new Error('no slot')
  return slot
}

describe('send slots', () => {
  let slots: SendSlots | undefined
  afterEach(() => slots?.close())

  it('are given at once while subscription and process have room', () => {
    slots = createSendSlots({ total: 30 })
    const [a, b] = [held(slots.enter(one, 2)), held(slots.enter(one, 2))]
    expect(slots.inUse()).toBe(2)
    a.release()
    a.release()
    b.release()
    expect(slots.inUse()).toBe(0)
  })

  it('go to those who wait in the order they came', async () => {
    slots = createSendSlots({ total: 10 })
    const first = held(slots.enter(one, 1))
    const order: number[] = []
    const waiting = [1, 2].map(async (n) => {
      const slot = await (slots as SendSlots).enter(one, 1)
      order.push(n)
      held(slot).release()
    })
    expect(slots.waiting()).toBe(2)
    first.release()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2])
    expect(slots.inUse()).toBe(0)
  })

  it('do not let a full subscription keep another one waiting', () => {
    slots = createSendSlots({ total: 10 })
    held(slots.enter(one, 1))
    void slots.enter(one, 1)
    expect(held(slots.enter(two, 1))).toBeDefined()
  })

  it('pass from one subscription to another that waited because the process was full', async () => {
    slots = createSendSlots({ total: 1 })
    const first = held(slots.enter(one, 5))
    const other = slots.enter(two, 5)
    first.release()
    expect(held(await other)).toBeDefined()
    expect(slots.inUse()).toBe(1)
  })

  it('turn away who waited too long, and at once who finds only old requests', async () => {
    let now = 0
    slots = createSendSlots({ total: 10, patienceMs: 40, monotonic: () => now })
    held(slots.enter(one, 1))
    const waiting = slots.enter(one, 1)
    now = 100
    expect(await waiting).toBe('saturated')
    expect(slots.enter(one, 1)).toBe('saturated')
    expect(slots.waiting()).toBe(0)
  })

  it('turn away every wish and every plan, also one that comes of age while they are looked at', async () => {
    // Time goes on with every look at the clock, as it does on a busy machine.
    let now = 0
    const monotonic = () => (now += 0.5)
    slots = createSendSlots({ total: 4, patienceMs: 40, monotonic, keepsUp: () => false })
    const holders = Array.from({ length: 4 }, (_, i) =>
      held((slots as SendSlots).enter(asSubscriptionId(10 + i), 4)),
    )
    const wishes = Array.from({ length: 40 }, async () => slots?.enter(two, 4))
    const plans = Array.from({ length: 40 }, async () => slots?.room())
    expect(await Promise.all(wishes)).toEqual(wishes.map(() => 'saturated'))
    await Promise.all(plans)
    expect(slots.waiting()).toBe(0)
    for (const holder of holders) holder.release()
  })

  it('leave room for others, however many a subscription may have', () => {
    slots = createSendSlots({ total: 100 })
    let mine = 0
    while (!(slots.enter(one, 100) instanceof Promise)) mine += 1
    expect(mine).toBe(20)
    while (!(slots.enter(two, 100) instanceof Promise)) mine += 1
    expect(mine).toBeLessThan(40)
    expect(held(slots.enter(three, 1))).toBeDefined()
  })

  it('that become free let in subscriptions whose part of the free ones had shrunk', async () => {
    slots = createSendSlots({ total: 7 })
    const [a, b] = [held(slots.enter(one, 7)), held(slots.enter(one, 7))]
    const c = held(slots.enter(two, 7))
    const waiting = slots.enter(two, 7)
    expect(slots.waiting()).toBe(1)
    a.release()
    b.release()
    expect(held(await waiting)).toBeDefined()
    c.release()
    expect(slots.inUse()).toBe(1)
  })

  it('of a full process go to plans by turns, one at a time', async () => {
    slots = createSendSlots({ total: 1 })
    expect(slots.room()).toBeUndefined()
    let holder = held(slots.enter(one, 1))
    const order: string[] = []
    const plan = async (name: string, wishes: number) => {
      for (let i = 0; i < wishes; i += 1) {
        await slots?.room()
        order.push(name)
        holder = held(slots?.enter(one, 1) ?? 'saturated')
      }
    }
    const plans = [plan('long', 3), plan('short', 1)]
    while (order.length < 4) {
      holder.release()
      await new Promise((resolve) => setImmediate(resolve))
    }
    await Promise.all(plans)
    expect(order).toEqual(['long', 'short', 'long', 'long'])
  })

  it('are crowded when as many wait as there are, unless they wait for one that hangs', () => {
    let now = 0
    slots = createSendSlots({ total: 100, monotonic: () => now })
    const holder = held(slots.enter(one, 1))
    for (let i = 0; i < 101; i += 1) void slots.enter(one, 1)
    expect(slots.isCrowded()).toBe(false)
    holder.release()
    expect(slots.waiting()).toBe(100)
    expect(slots.isCrowded()).toBe(true)
    now = 300
    expect(slots.isCrowded()).toBe(false)
  })

  it('turn away who comes behind others that have waited for long', () => {
    let now = 0
    slots = createSendSlots({ total: 100, patienceMs: 1_000, monotonic: () => now })
    const holder = held(slots.enter(one, 1))
    void slots.enter(one, 1)
    now = 400
    holder.release()
    void slots.enter(one, 1)
    now = 800
    expect(slots.enter(one, 1)).toBeInstanceOf(Promise)
    now = 950
    expect(slots.enter(one, 1)).toBe('saturated')
  })

  it('turn everybody away when they close', async () => {
    slots = createSendSlots({ total: 1 })
    held(slots.enter(one, 1))
    const waiting = slots.enter(two, 1)
    const turn = slots.room()
    slots.close()
    expect(await waiting).toBe('saturated')
    await turn
    expect(slots.room()).toBeUndefined()
    expect(slots.enter(three, 1)).toBe('saturated')
  })

  it('are held by bulk deliveries up to half, and by others up to all', async () => {
    slots = createSendSlots({ total: 4 })
    const bulk = [held(slots.enter(one, 9, true)), held(slots.enter(two, 9, true))]
    const third = slots.enter(three, 9, true)
    expect(third).toBeInstanceOf(Promise)
    held(slots.enter(asSubscriptionId(4), 9))
    held(slots.enter(asSubscriptionId(5), 9))
    bulk[0]?.release()
    expect(held(await third)).toBeDefined()
    expect(slots.inUse()).toBe(4)
  })

  it('come back from requests that are slow while others wait, up to a number of such requests', async () => {
    let now = 0
    slots = createSendSlots({ total: 1, slow: 1, patienceMs: 40, monotonic: () => now })
    const first = held(slots.enter(one, 5))
    now = 50
    const second = held(await slots.enter(two, 5))
    expect([slots.inUse(), slots.slow()]).toEqual([1, 1])
    const third = slots.enter(three, 5)
    now = 80
    // One is slow already: no more may be.
    now = 200
    expect(await third).toBe('saturated')
    first.release()
    expect([slots.inUse(), slots.slow()]).toEqual([1, 0])
    second.release()
    expect(slots.inUse()).toBe(0)
  })

  it('come back to plans that wait for one', async () => {
    let now = 0
    slots = createSendSlots({ total: 1, patienceMs: 40, monotonic: () => now })
    held(slots.enter(one, 1))
    const turn = slots.room()
    now = 50
    await turn
    expect(held(slots.enter(two, 1))).toBeDefined()
    expect(slots.slow()).toBe(1)
  })

  it('stay with slow requests while this process is what is slow', async () => {
    let now = 0
    slots = createSendSlots({ total: 1, patienceMs: 40, keepsUp: () => false, monotonic: () => now })
    held(slots.enter(one, 1))
    now = 50
    const waiting = slots.enter(two, 1)
    now = 100
    expect(await waiting).toBe('saturated')
    expect(slots.slow()).toBe(0)
  })

  it('that were given back early still count where their subscription has its limit', async () => {
    let now = 0
    slots = createSendSlots({ total: 8, patienceMs: 40, monotonic: () => now })
    const mine = [held(slots.enter(one, 2)), held(slots.enter(one, 2))]
    for (let other = 10; other < 16; other += 1) held(slots.enter(asSubscriptionId(other), 1))
    const waiting = slots.enter(two, 1)
    now = 50
    held(await waiting)
    expect(slots.slow()).toBe(8)
    expect(slots.enter(one, 2)).toBe('saturated')
    for (const slot of mine) slot.release()
    expect(held(slots.enter(one, 2))).toBeDefined()
  })
})
