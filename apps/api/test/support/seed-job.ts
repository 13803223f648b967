import type { Database } from '@waybill/db'
import {
  profileCode,
  statusCode,
  type DeliveryId,
  type IntegrationId,
  type ProfileName,
} from '@waybill/domain'

export type SeededJob = {
  integration: IntegrationId
  trigger: number
  subscription: number
  eventId: number
  revision?: number
  profile?: ProfileName
  orderStatus?: number | null
  code?: number | null
  createdAt?: Date
  sentAt?: Date | null
}

/** A delivery as a worker would have recorded it, with the columns the jobs index reads. Returns its number. */
export async function seedJob({ sql }: Database, job: SeededJob): Promise<DeliveryId> {
  const {
    revision = 1,
    profile = 'planomatic-v3',
    orderStatus = null,
    code = 200,
    createdAt = new Date(),
    sentAt = createdAt,
  } = job
  const [row] = await sql<{ id: DeliveryId }[]>`
    INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, order_status,
      generation, attempts, last_code, created_at, last_sent_at)
    SELECT number(), ${job.trigger}::bigint, ${job.integration}::int, ${job.subscription}::int, ${revision}::int,
      ${profileCode(profile)}::smallint, ${statusCode('delivered')}::smallint, ${job.eventId}::smallint,
      ${orderStatus}::smallint, 1, ${sentAt ? 1 : 0}::smallint, ${code}::smallint, ${createdAt}::timestamptz,
      ${sentAt}::timestamptz
    RETURNING id`
  if (!row) throw new Error('no delivery was seeded')
  return row.id
}
