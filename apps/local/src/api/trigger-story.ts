import { z } from 'zod'

const attempt = z.object({
  n: z.number(),
  sent_at: z.string().nullable(),
  duration_ms: z.number().nullable(),
  response_status: z.number().nullable(),
  error: z.string().nullable(),
})

const delivery = z.object({
  id: z.string(),
  subscription: z.object({ id: z.string(), key: z.string(), name: z.string() }),
  event: z.string().nullable(),
  status: z.string(),
  err: z.string().nullable(),
  next_attempt_at: z.string().nullable(),
  attempts: z.array(attempt),
})

/** What `GET /v1/triggers/{id}` tells, as far as the local tools read it. Times are RFC 3339. */
export const triggerStory = z.object({
  id: z.string(),
  integration_id: z.number(),
  kind: z.string().nullable(),
  name: z.string().nullable(),
  order_id: z.string().nullable(),
  facility_id: z.string().nullable(),
  duplicate: z.boolean(),
  accepted_at: z.string(),
  state: z.string(),
  matched_more: z.string().nullable(),
  deliveries: z.array(delivery),
})

export type TriggerStory = z.infer<typeof triggerStory>
export type StoryDelivery = z.infer<typeof delivery>

/** Whether Waybill is going to send this delivery (again) by itself. */
export const isOpen = (delivery: Pick<StoryDelivery, 'status' | 'next_attempt_at'>): boolean =>
  delivery.status === 'pending' || delivery.next_attempt_at !== null
