import { describe, expect, it } from '@jest/globals'
import { maxPlanLength, plannedHow, type StoredTrigger } from '@waybill/db'
import { asIntegrationId, asSubscriptionId, asTriggerId } from '@waybill/domain'
import { partsOf } from '../src/fan-out/parts-of.ts'

const trigger = (id: number, integration: number) =>
  ({ id: asTriggerId(id), integration: asIntegrationId(integration) }) as StoredTrigger
const planned = (offset: number, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    offset,
    subscription: asSubscriptionId(i + 1),
    revision: 1,
    how: plannedHow.send,
  }))

describe('the parts of a long plan', () => {
  const batch = {
    bulk: false,
    firstTrigger: asTriggerId(40),
    triggers: [trigger(40, 1), trigger(41, 2), trigger(42, 1), trigger(43, 3)],
  }

  it('hold each delivery once and no more than a batch may', () => {
    const plan = [...planned(0, 350), ...planned(1, 1), ...planned(2, 301), ...planned(3, 2)]
    const parts = partsOf(batch, plan)
    expect(new Set(parts.flatMap((part) => part.plan))).toEqual(new Set(plan))
    expect(parts.reduce((sum, part) => sum + part.plan.length, 0)).toBe(plan.length)
    for (const part of parts) expect(part.plan.length).toBeLessThanOrEqual(maxPlanLength)
  })

  it('put first, and not as bulk, what belongs to integrations with little of it', () => {
    const parts = partsOf(batch, [...planned(0, 350), ...planned(1, 1), ...planned(2, 301), ...planned(3, 2)])
    expect(parts[0]?.plan.map(({ offset }) => offset)).toEqual([1, 3, 3])
    expect(parts.map(({ bulk }) => bulk)).toEqual([false, true, true])
  })
})
