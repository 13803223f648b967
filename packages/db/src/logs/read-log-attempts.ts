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
 * The attempts of these logs in order: of each the first, the last `most`, and every one that succeeded. The ids bound the
 * partitions.
 */
export async function readLogAttempts(
  sql: Sql,
  logs: readonly LogRecord[],
  most: number,
): Promise<LogAttempt[]> {
  if (logs.length === 0) return []
  const ids = logs.map((log) => log.id)
  const rows = await sql<LogAttempt[]>`
    SELECT a.delivery, a.n, a.code, a.err, a.response_body AS "responseBody", r.url
    FROM unnest(${ids}::bigint[], ${logs.map((log) => log.subscription)}::int[], ${logs.map((log) => log.attempts)}::int[])
      AS l(id, subscription, attempts)
    JOIN attempts a ON a.delivery = l.id AND a.delivery >= ${Math.min(...ids)}::bigint
      AND a.delivery <= ${Math.max(...ids)}::bigint AND (a.n = 1 OR a.n > l.attempts - ${most}::int OR a.err IS NULL)
    JOIN revisions r ON r.subscription = l.subscription AND r.revision = a.revision
    ORDER BY a.delivery, a.n`
  return [...rows]
}
