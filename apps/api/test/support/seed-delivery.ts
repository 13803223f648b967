import type { Database } from '@waybill/db'
import {
  profileCode,
  statusCode,
  type DeliveryId,
  type DeliveryStatus,
  type ProfileName,
} from '@waybill/domain'

export type Seed = {
  integration: number
  trigger: number
  subscription: number
  profile: ProfileName
  status?: DeliveryStatus
  eventId?: number
  code?: number | null
  sentAt?: Date
  body?: Buffer
}

/** A delivery with one attempt, as a worker would have recorded it, and its trigger's batch gone. Returns its number. */
export async function seedDelivery({ sql }: Database, seed: Seed): Promise<DeliveryId> {
  const {
    status = 'delivered',
    eventId = 110,
    code = 200,
    sentAt = new Date(),
    body = Buffer.from('ok'),
  } = seed
  const [row] = await sql<{ id: DeliveryId }[]>`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, generation,
      attempts, last_code, created_at, last_sent_at)
    SELECT number(), ${seed.trigger}::bigint, ${seed.integration}::int, ${seed.subscription}::int, 1,
      ${profileCode(seed.profile)}::smallint, ${statusCode(status)}::smallint, ${eventId}::smallint, 1, 1,
      ${code}::smallint, now(), ${sentAt}::timestamptz
    RETURNING id`
  if (!row) throw new Error('no delivery was seeded')
  const { id } = row
  await sql`
    INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, response_body)
    VALUES (${id}::bigint, 1, 1, 1, ${sentAt}::timestamptz, 12, ${code}::smallint, ${body})`
  await sql`DELETE FROM batches WHERE first_trigger <= ${seed.trigger}::bigint AND first_trigger + n > ${seed.trigger}::bigint`
  return id
}
