import { describe, expect, it } from '@jest/globals'
import { plannedHow, type FirstOutcome } from '@waybill/db'
import { asBatchId, asDeliveryId, asSubscriptionId } from '@waybill/domain'
import { createPayloadRoom } from '../src/delivery/create-payload-room.ts'
import { createSendSlots } from '../src/delivery/create-send-slots.ts'
import { NotSent } from '../src/delivery/not-sent.ts'
import type { FanOutDeps } from '../src/fan-out/fan-out-batch.ts'
import type { PlannedWork } from '../src/fan-out/first-outcome.ts'
import { sendPlan } from '../src/fan-out/send-plan.ts'

const work = (delivery: number, subscription: number): PlannedWork =>
  ({
    delivery: asDeliveryId(delivery),
    planned: { how: plannedHow.send, subscription, offset: 0, revision: 1 },
    trigger: { createdAtMs: 0, data: '{}' },
    subscriber: { id: asSubscriptionId(subscription), state: 'active', deleted: false, inFlightLimit: 1 },
  }) as PlannedWork

/** Steps of which only the slots and the room are real; every request hangs. */
function steps(total: number) {
  const begun: number[] = []
  const slots = createSendSlots({ total })
  const deps = {
    slots,
    payloadRoom: createPayloadRoom(2 ** 21),
    gate: { isOpen: () => true },
    breakers: { isOpen: () => false },
    snapshot: { viewAt: () => null },
    firstRecorder: { record: () => Promise.resolve(), gathering: () => undefined },
    attempt: ({ delivery }: { delivery: number }) => {
      begun.push(delivery)
      return new Promise(() => {})
    },
  } as unknown as FanOutDeps
  return { deps, begun, slots }
}

const batch = (id: number, bulk = false) => ({ id: asBatchId(id), bulk })

const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('a plan', () => {
  it('holds up neither its other subscriptions nor other plans while one of its own hangs', async () => {
    const { deps, begun, slots } = steps(100)
    await sendPlan(deps, batch(1), [work(1, 1), work(2, 1), work(3, 2)])
    await sendPlan(deps, batch(2), [work(4, 1), work(5, 3)])
    await turn()
    expect(begun).toEqual([1, 3, 5])
    expect(slots.waiting()).toBe(2)
    slots.close()
  })

  it('goes on only as far as the process has slots', async () => {
    const { deps, begun, slots } = steps(2)
    const sent = sendPlan(
      deps,
      batch(1),
      [1, 2, 3, 4].map((n) => work(n, n)),
    )
    await turn()
    expect(begun).toEqual([1, 2])
    expect(slots.waiting()).toBe(0)
    slots.close()
    await sent
  })

  it('leaves half of the slots to others when it is bulk', async () => {
    const { deps, begun, slots } = steps(8)
    const flood = sendPlan(
      deps,
      batch(1, true),
      [1, 2, 3, 4, 5, 6].map((n) => work(n, n)),
    )
    await turn()
    expect(begun).toEqual([1, 2, 3, 4])
    const other = sendPlan(deps, batch(2), [work(7, 7)])
    await turn()
    expect(begun).toEqual([1, 2, 3, 4, 7])
    slots.close()
    await Promise.all([flood, other])
  })

  it('leaves what this process cannot send to the lane, without an attempt', async () => {
    const { deps, slots } = steps(1)
    const recorded: FirstOutcome[] = []
    const told: string[] = []
    Object.assign(deps, {
      attempt: () => Promise.reject(new NotSent('sender_exhausted', 'connect EMFILE')),
      notSent: async ({ code }: NotSent) => void told.push(code),
      firstRecorder: {
        record: async ({ outcomes }: { outcomes: FirstOutcome[] }) => void recorded.push(...outcomes),
        gathering: () => undefined,
      },
    })
    const { settled } = await sendPlan(deps, batch(1), [work(1, 1)])
    await settled
    expect(recorded).toMatchObject([{ attempt: null, err: null, due: { delayMs: 0, step: 0, crashes: 0 } }])
    expect(told).toEqual(['sender_exhausted'])
    expect(slots.inUse()).toBe(0)
  })
})
