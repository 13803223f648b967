import {
  dayOf,
  firstIdOfDay,
  type DeliveryId,
  type IntegrationId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** A delivery as it is read back. Codes are the stored numbers; times are instants. */
export type DeliveryRecord = {
  id: DeliveryId
  trigger: TriggerId
  integration: IntegrationId
  subscription: SubscriptionId
  subscriptionKey: string
  subscriptionName: string
  url: string
  revision: number
  profile: number
  status: number
  eventId: number
  orderId: string | null
  facilityId: string | null
  attempts: number
  lastCode: number | null
  err: string | null
  createdAt: Date
  lastSentAt: Date | null
  nextAttemptAt: Date | null
}

/** Times in ms since 1970; `responseHeaders` is JSON object text. */
export type AttemptRecord = {
  delivery: DeliveryId
  n: number
  revision: number
  sentAt: Date | null
  ms: number | null
  code: number | null
  err: string | null
  bodyHash: Buffer | null
  signature: string | null
  responseHeaders: string | null
  responseBody: Buffer | null
}

/** The columns and joins every reading of deliveries shares; the caller adds WHERE on d (and t, u). */
export const selectDeliveries = (sql: SqlOrTransaction) => sql`
  SELECT d.id, d.trigger, d.integration, d.subscription, s.key AS "subscriptionKey", r.name AS "subscriptionName",
    r.url, d.revision, d.profile, d.status, d.event_id AS "eventId", t.order_id AS "orderId",
    t.facility_id AS "facilityId", d.attempts, d.last_code AS "lastCode", d.err, d.created_at AS "createdAt",
    d.last_sent_at AS "lastSentAt", u.due_at AS "nextAttemptAt"
  FROM deliveries d
  JOIN triggers t ON t.id = d.trigger
  JOIN subscriptions s ON s.id = d.subscription
  JOIN revisions r ON r.subscription = d.subscription AND r.revision = d.revision
  LEFT JOIN due u ON u.delivery = d.id AND u.generation = d.generation`

export async function findDelivery(
  sql: SqlOrTransaction,
  integration: IntegrationId,
  id: DeliveryId,
): Promise<DeliveryRecord | undefined> {
  const [row] = await sql<DeliveryRecord[]>`
    ${selectDeliveries(sql)} WHERE d.id = ${id}::bigint AND d.integration = ${integration}::int`
  return row
}

/** All deliveries of one trigger, in plan order. Their ids are of its day or later, though not always above its own. */
export async function findDeliveriesOfTrigger(
  sql: SqlOrTransaction,
  integration: IntegrationId,
  trigger: TriggerId,
  limit = 1_000,
): Promise<DeliveryRecord[]> {
  const rows = await sql<DeliveryRecord[]>`
    ${selectDeliveries(sql)}
    WHERE d.trigger = ${trigger}::bigint AND d.id >= ${firstIdOfDay(dayOf(trigger))}::bigint AND d.integration = ${integration}::int
    ORDER BY d.id LIMIT ${limit}::int`
  return [...rows]
}

/** The last `most` attempts of each of these deliveries, in order. The ids bound the partitions that are read. */
export async function findAttempts(
  sql: SqlOrTransaction,
  deliveries: readonly DeliveryId[],
  most = 100,
): Promise<AttemptRecord[]> {
  if (deliveries.length === 0) return []
  const rows = await sql<AttemptRecord[]>`
    SELECT delivery, n, revision, sent_at AS "sentAt", ms, code, err, body_hash AS "bodyHash", signature,
      response_headers AS "responseHeaders", response_body AS "responseBody"
    FROM ${lastAttempts(sql, deliveries, most)}
    ORDER BY delivery, n`
  return [...rows]
}

/** How many bytes of answers {@link findAttempts} would read for each of these deliveries, by its id. */
export async function sizeAttempts(
  sql: SqlOrTransaction,
  deliveries: readonly DeliveryId[],
  most: number,
): Promise<Map<DeliveryId, number>> {
  if (deliveries.length === 0) return new Map()
  const rows = await sql<{ delivery: DeliveryId; bytes: number }[]>`
    SELECT delivery, coalesce(sum(octet_length(response_body)), 0)::bigint AS bytes
    FROM ${lastAttempts(sql, deliveries, most)} GROUP BY delivery`
  return new Map(rows.map(({ delivery, bytes }) => [delivery, bytes]))
}

const lastAttempts = (sql: SqlOrTransaction, deliveries: readonly DeliveryId[], most: number) => sql`
  unnest(${[...deliveries]}::bigint[]) AS d(id) CROSS JOIN LATERAL (
    SELECT * FROM attempts
    WHERE delivery = d.id AND delivery >= ${Math.min(...deliveries)}::bigint
      AND delivery <= ${Math.max(...deliveries)}::bigint
    ORDER BY n DESC LIMIT ${most}::int) AS a`
