import { z } from 'zod'

const orderId = z.union([z.string(), z.number()]).nullish()

/** Planning Center's payload is JSON text inside JSON. */
const payload = z
  .string()
  .transform(parse)
  .pipe(z.object({ data: z.object({ id: z.string() }) }))

/** The five envelopes that the demo's subscriptions get; each names what happened in its own way. */
const envelope = z.union([
  z
    .object({ type: z.string(), data: z.object({ order_id: orderId, facility_id: z.string().nullish() }) })
    .transform(({ type, data }) => ({ event: type, about: subject(data.order_id, data.facility_id) })),
  z
    .object({ event: z.string(), order_id: orderId })
    .transform((body) => ({ event: body.event, about: subject(body.order_id) })),
  z
    .object({ order_status: z.string(), order_id: orderId })
    .transform((body) => ({ event: body.order_status, about: subject(body.order_id) })),
  z
    .object({ eventType: z.string(), data: z.object({ facilityId: z.string().nullish() }) })
    .transform((body) => ({ event: body.eventType, about: body.data.facilityId ?? '' })),
  z
    .object({ data: z.tuple([z.object({ attributes: z.object({ name: z.string(), payload }) })]) })
    .transform(({ data: [{ attributes }] }) => ({
      event: attributes.name,
      about: attributes.payload.data.id,
    })),
])

/** What a webhook's body tells, and of which order or facility. */
export function describeBody(body: string): { event: string; about: string } {
  const parsed = envelope.safeParse(parse(body))
  return parsed.success ? parsed.data : { event: '(unreadable)', about: '' }
}

function subject(order: string | number | null | undefined, facility?: string | null): string {
  if (order !== null && order !== undefined) return String(order)
  return facility ?? ''
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
