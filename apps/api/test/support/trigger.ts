import { ours } from './start-test-api.ts'

/** A good trigger; pass what is to differ. */
export const trigger = (change: Record<string, unknown> = {}) => ({
  integration_id: ours,
  kind: 'order_event',
  name: 'order.delivered',
  order_id: 40017,
  order: { property: { location: { street: '9 Elm Rd', city: 'Boulder' } } },
  ...change,
})
