import { ID_DAY_STEP } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** The ids `from` ≤ id < `to`: days begin at UTC midnight, since that is what ids tell. */
export type AuditWindow = { from: number; to: number }

/**
 * The ids of the last `sinceMs` milliseconds, rounded down to a whole day; undefined: of everything that is kept. Nothing
 * below the floor of the retention is looked at. The days are the database's.
 */
export async function readAuditWindow(
  sql: SqlOrTransaction,
  sinceMs: number | undefined,
): Promise<AuditWindow> {
  const [row] = await sql<{ today: number; since: number; floor: number }[]>`
    SELECT (now() AT TIME ZONE 'UTC')::date - date '2020-01-01' AS today,
      greatest(((now() - ${sinceMs ?? 0}::float8 * interval '1 millisecond') AT TIME ZONE 'UTC')::date
        - date '2020-01-01', 0) AS since,
      (SELECT floor FROM retention) AS floor`
  if (!row) throw new Error('the retention has no row')
  const since = sinceMs === undefined ? 0 : row.since * ID_DAY_STEP
  // One day more than today's: midnight may pass while the audit runs.
  return { from: Math.max(since, row.floor), to: (row.today + 2) * ID_DAY_STEP }
}

/**
 * The part of the window that holds its newest triggers and deliveries, at most `rows` of each; blocks of ids are not
 * divided.
 */
export async function newestInWindow(
  sql: SqlOrTransaction,
  { from, to }: AuditWindow,
  rows: number,
): Promise<AuditWindow> {
  const [row] = await sql<{ low: number | null }[]>`
    SELECT greatest(
      (SELECT id FROM triggers WHERE id >= ${from}::bigint AND id < ${to}::bigint ORDER BY id DESC
        OFFSET ${rows}::int LIMIT 1),
      (SELECT id FROM deliveries WHERE id >= ${from}::bigint AND id < ${to}::bigint ORDER BY id DESC
        OFFSET ${rows}::int LIMIT 1)) AS low`
  if (!row || row.low === null) return { from, to }
  return { from: (Math.floor(row.low / 1_000) + 1) * 1_000, to }
}
