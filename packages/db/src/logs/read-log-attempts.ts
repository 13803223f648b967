import type { PendingQuery, Row } from 'postgres'
import type { DeliveryId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import type { LogRecord } from './list-logs.ts'

/**
 * One dispatch of a logged delivery; `url` is the one that was dialled. `code` null: there was no answer; `err` null: it
 * was a success.
 */
export type LogAttempt = {
  delivery: DeliveryId
  n: number
  code: number | null
  err: string | null
  responseBody: Buffer | null
  url: string
}

/**
 * The attempts of these logs in order: of each the first, the last `most`, and the last one that succeeded. The ids bound the
 * partitions.
 */
export async function readLogAttempts(
  sql: Sql,
  logs: readonly LogRecord[],
  most: number,
): Promise<LogAttempt[]> {
  if (logs.length === 0) return []
  const rows = await sql<LogAttempt[]>`
    SELECT a.delivery, a.n, a.code, a.err, a.response_body AS "responseBody", r.url
    FROM ${attemptsOfLogs(sql, logs, most)}
    JOIN revisions r ON r.subscription = l.subscription AND r.revision = a.revision
    ORDER BY a.delivery, a.n`
  return [...rows]
}

/**
 * About how many bytes each of these logs has as text, by its id: what was posted stands in it twice and once more for each
 * retry that {@link readLogAttempts} reads.
 */
export async function sizeLogs(
  sql: Sql,
  logs: readonly LogRecord[],
  most: number,
): Promise<Map<DeliveryId, number>> {
  if (logs.length === 0) return new Map()
  const triggers = logs.map((log) => log.trigger)
  const rows = await sql<{ id: DeliveryId; bytes: number }[]>`
    SELECT l.id, (octet_length(t.data) * (count(*) + 1) + coalesce(sum(octet_length(a.response_body)), 0))::bigint AS bytes
    FROM ${attemptsOfLogs(sql, logs, most)}
    JOIN triggers t ON t.id = l.trigger AND t.id >= ${Math.min(...triggers)}::bigint
      AND t.id <= ${Math.max(...triggers)}::bigint
    GROUP BY l.id, octet_length(t.data)`
  return new Map(rows.map(({ id, bytes }) => [id, bytes]))
}

/** The logs as l, with those of their attempts that are read as a. */
function attemptsOfLogs(sql: Sql, logs: readonly LogRecord[], most: number): PendingQuery<Row[]> {
  const ids = logs.map((log) => log.id)
  const [low, high] = [Math.min(...ids), Math.max(...ids)]
  return sql`
    unnest(${ids}::bigint[], ${logs.map((log) => log.trigger)}::bigint[],
      ${logs.map((log) => log.subscription)}::int[], ${logs.map((log) => log.attempts)}::int[])
      AS l(id, trigger, subscription, attempts)
    CROSS JOIN LATERAL (
      SELECT max(b.n) AS n FROM attempts b
      WHERE b.delivery = l.id AND b.delivery >= ${low}::bigint AND b.delivery <= ${high}::bigint AND b.err IS NULL
    ) AS succeeded
    JOIN attempts a ON a.delivery = l.id AND a.delivery >= ${low}::bigint AND a.delivery <= ${high}::bigint
      AND (a.n = 1 OR a.n > l.attempts - ${most}::int OR a.n = succeeded.n)`
}
