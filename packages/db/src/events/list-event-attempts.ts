import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import type { AttemptRecord } from '../deliveries/delivery-record.ts'
import type { Sql } from '../open-database.ts'

/** An attempt with the URL that was called. */
export type EventAttempt = AttemptRecord & { url: string }

type AttemptsOf = { delivery: DeliveryId; subscription: SubscriptionId }

/** One page of a delivery's attempts. */
export async function listEventAttempts(
  sql: Sql,
  { delivery, subscription }: AttemptsOf,
  page: { newestFirst: boolean; limit: number; offset: number },
): Promise<EventAttempt[]> {
  const rows = await sql<EventAttempt[]>`
    ${selectAttempts(sql, subscription)} WHERE a.delivery = ${delivery}::bigint
    ORDER BY a.n ${page.newestFirst ? sql`DESC` : sql`ASC`} LIMIT ${page.limit}::int OFFSET ${page.offset}::bigint`
  return [...rows]
}

/** A delivery's n-th attempt, else undefined. */
export async function findEventAttempt(
  sql: Sql,
  { delivery, subscription }: AttemptsOf,
  n: number,
): Promise<EventAttempt | undefined> {
  const [row] = await sql<EventAttempt[]>`
    ${selectAttempts(sql, subscription)} WHERE a.delivery = ${delivery}::bigint AND a.n = ${n}::smallint`
  return row
}

/** At most 9,999, so they are counted. */
export async function countEventAttempts(sql: Sql, delivery: DeliveryId): Promise<number> {
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM attempts WHERE delivery = ${delivery}::bigint`
  return row?.n ?? 0
}

const selectAttempts = (sql: Sql, subscription: SubscriptionId) => sql`
  SELECT a.delivery, a.n, a.revision, a.sent_at AS "sentAt", a.ms, a.code, a.err, a.body_hash AS "bodyHash", a.signature,
    a.response_headers AS "responseHeaders", a.response_body AS "responseBody", r.url
  FROM attempts a JOIN revisions r ON r.subscription = ${subscription}::int AND r.revision = a.revision`
