import type { StoryDelivery, TriggerStory } from '../src/api/trigger-story.ts'

const acceptedAt = '2026-03-02T15:04:05.000Z'

/** A delivered delivery with one attempt; `change` overrides parts of it. */
export function exampleDelivery(change: Partial<StoryDelivery> = {}): StoryDelivery {
  return {
    id: 'd1',
    subscription: { id: 's1', key: 'ledger', name: 'Ledger' },
    event: 'order.delivered',
    status: 'delivered',
    err: null,
    next_attempt_at: null,
    attempts: [
      { n: 1, sent_at: '2026-03-02T15:04:05.020Z', duration_ms: 7, response_status: 200, error: null },
    ],
    ...change,
  }
}

export function exampleStory(deliveries: StoryDelivery[], change: Partial<TriggerStory> = {}): TriggerStory {
  return {
    id: 't1',
    integration_id: 12,
    kind: 'order_event',
    name: 'order.delivered',
    order_id: '40001',
    facility_id: null,
    duplicate: false,
    accepted_at: acceptedAt,
    state: 'fanned_out',
    matched_more: null,
    deliveries,
    ...change,
  }
}
