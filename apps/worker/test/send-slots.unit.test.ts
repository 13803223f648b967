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
    slots = createSendSlots({ total: 3 })
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

  it('turn everybody away when they close', async () => {
    slots = createSendSlots({ total: 1 })
    held(slots.enter(one, 1))
    const waiting = slots.enter(two, 1)
    slots.close()
    expect(await waiting).toBe('saturated')
    expect(slots.enter(three, 1)).toBe('saturated')
  })
})
