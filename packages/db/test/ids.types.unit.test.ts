import { describe, expect, it } from '@jest/globals'
import {
  claimBatch,
  claimLane,
  findDelivery,
  findSubscription,
  freezePlan,
  packPlan,
  plannedHow,
  redeliver,
  settleUnsent,
  type Orm,
  type Principal,
  type Sql,
  type StoredTrigger,
} from '@waybill/db'
import {
  asBatchId,
  asDeliveryId,
  asIntegrationId,
  asSubscriptionId,
  asTriggerId,
  asWorkerId,
  idInBlock,
  type DeliveryId,
  type PublicIds,
} from '@waybill/domain'

const batch = asBatchId(7)
const delivery = asDeliveryId(7)
const integration = asIntegrationId(7)
const subscription = asSubscriptionId(7)
const trigger = asTriggerId(7)
const worker = asWorkerId(7)

// Nothing in here is called. `tsc -p tsconfig.tests.json` fails where a line that is expected to be wrong is not.
const mistakes = (sql: Sql, orm: Orm, publicIds: PublicIds, principal: Principal, stored: StoredTrigger) => [
  // @ts-expect-error a number that nobody named
  () => claimBatch(sql, 7, worker),
  // @ts-expect-error the two ids in the wrong order
  () => claimBatch(sql, worker, batch),
  // @ts-expect-error a batch begins with a trigger, but is none
  () => claimBatch(sql, stored.id, worker),
  // @ts-expect-error a delivery is no subscription
  () => claimLane(sql, delivery, worker),
  // @ts-expect-error nor is a subscription a delivery
  () => redeliver(sql, integration, subscription),
  // @ts-expect-error the two ids in the wrong order
  () => findDelivery(sql, delivery, integration),
  // @ts-expect-error an integration is no subscription
  () => findSubscription(orm, integration, integration),
  // @ts-expect-error a plan names subscriptions
  () => packPlan([{ offset: 0, subscription: delivery, revision: 1, how: plannedHow.send }]),
  // @ts-expect-error what is settled is a delivery
  () => settleUnsent(sql, [{ delivery: subscription, generation: 1 }], 'expired'),
  // @ts-expect-error a token reaches integrations
  () => principal.integrations.has(subscription),
  // @ts-expect-error the number of another kind
  () => publicIds.encode('delivery', subscription),
  // @ts-expect-error what a subscription's public id holds is no trigger
  () => publicIds.decode('subscription', '') === trigger,
  // @ts-expect-error a frozen plan begins with a delivery
  () => freezePlan(sql, batch, worker, []).then((base) => base === trigger),
  // @ts-expect-error deliveries follow deliveries
  (): DeliveryId => idInBlock(trigger, 1),
]

describe('ids', () => {
  it('of one kind are refused by the compiler where another kind is wanted', () => {
    expect(mistakes).toBeDefined()
  })

  it('are the bare numbers at run time, and so are those of a block', () => {
    expect([batch, delivery, integration, subscription, trigger, worker]).toEqual([7, 7, 7, 7, 7, 7])
    expect(idInBlock(delivery, 3)).toBe(10)
  })
})
