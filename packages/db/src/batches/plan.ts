import type { SubscriptionId } from '@waybill/domain'

/** How a planned delivery begins. The numbers are stored in plans: never reuse one. */
export const plannedHow = { send: 0, pending: 1, duplicated: 2, skipped: 3 } as const
export type PlannedHow = (typeof plannedHow)[keyof typeof plannedHow]

/** One delivery of a plan; `offset` counts from the batch's first trigger. */
export type PlannedDelivery = {
  offset: number
  subscription: SubscriptionId
  revision: number
  how: PlannedHow
}

const width = 4

/** The stored form: four integers a delivery, in delivery order. */
export function packPlan(plan: readonly PlannedDelivery[]): number[] {
  return plan.flatMap(({ offset, subscription, revision, how }) => [offset, subscription, revision, how])
}

export function unpackPlan(packed: readonly number[]): PlannedDelivery[] {
  const plan: PlannedDelivery[] = []
  for (let i = 0; i + width <= packed.length; i += width) {
    const [offset, subscription, revision, how] = packed.slice(i, i + width) as [
      number,
      SubscriptionId,
      number,
      PlannedHow,
    ]
    plan.push({ offset, subscription, revision, how })
  }
  return plan
}
