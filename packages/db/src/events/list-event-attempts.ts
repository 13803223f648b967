import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import type { AttemptRecord } from '../deliveries/delivery-record.ts'
import type { Sql } from '../open-database.ts'

/** An attempt with the URL that was called. */
export type EventAttempt = AttemptRecord & { url: string }

type AttemptsOf = { delivery: DeliveryId; subscription: SubscriptionId }

/** An attempt by its number, and the bytes of the answer that is kept of it. */
export type ListedAttempt = { n: number; bytes: number }

/** One page of a delivery's attempts, without what was answered. */
export async function listEventAttempts(
  sql: Sql,
  delivery: DeliveryId,
  page: { newestFirst: boolean; limit: number; offset: number },
): Promise<ListedAttempt[]> {
  const rows = await sql<ListedAttempt[]>`
    SELECT n, coalesce(octet_length(response_body), 0) + coalesce(octet_length(response_headers), 0) AS bytes
    FROM attempts WHERE delivery = ${delivery}::bigint
    ORDER BY n ${page.newestFirst ? sql`DESC` : sql`ASC`} LIMIT ${page.limit}::int OFFSET ${page.offset}::bigint`
  return [...rows]
}

/** A delivery's attempts with these numbers, in their order; one that is gone is left out. */
export async function readEventAttempts(
  sql: Sql,
  { delivery, subscription }: AttemptsOf,
  numbers: readonly number[],
): Promise<EventAttempt[]> {
  const rows = await sql<EventAttempt[]>`
    ${selectAttempts(sql, subscription)}
    WHERE a.delivery = ${delivery}::bigint AND a.n = ANY(${[...numbers]}::int[])`
  const byNumber = new Map(rows.map((row) => [row.n, row]))
  return numbers.flatMap((n) => byNumber.get(n) ?? [])
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
