import type { SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { Violation, ViolationKind } from './violation.ts'

type Row = {
  id: SubscriptionId
  missing: boolean
  stranger: boolean
  late: boolean
  lateSeconds: number | null
}

/**
 * Looks at the lanes of the `limit` subscriptions after `after`: each lane with due rows must exist, belong to nobody or
 * to a worker that lives, and wake up no later than its earliest due row. `next` undefined: those were the last.
 */
export async function inspectLanes(
  sql: SqlOrTransaction,
  after: number,
  limit: number,
): Promise<{ next: SubscriptionId | undefined; violations: Violation[] }> {
  const rows = await sql<Row[]>`
    SELECT s.id, u.due_at IS NOT NULL AND l.subscription IS NULL AS missing,
      l.owner IS NOT NULL AND w.id IS NULL AS stranger,
      l.subscription IS NOT NULL AND l.owner IS NULL AND u.due_at IS NOT NULL
        AND coalesce(l.next_due_at > u.due_at, true) AS late,
      extract(epoch FROM l.next_due_at - u.due_at)::float8 AS "lateSeconds"
    FROM (SELECT id FROM subscriptions WHERE id > ${after}::int ORDER BY id LIMIT ${limit}::int) s
    LEFT JOIN lanes l ON l.subscription = s.id
    LEFT JOIN workers w ON w.id = l.owner
    LEFT JOIN LATERAL (
      SELECT due_at FROM due WHERE subscription = s.id ORDER BY due_at, delivery LIMIT 1
    ) u ON true
    ORDER BY s.id`
  return {
    next: rows.length === limit ? rows.at(-1)?.id : undefined,
    violations: rows.flatMap((row) =>
      findings(row).map(([kind, detail]) => ({
        kind,
        subject: 'subscription',
        id: row.id,
        subscription: null,
        detail,
      })),
    ),
  }
}

function findings({ missing, stranger, late, lateSeconds }: Row): [ViolationKind, string][] {
  if (missing) return [['lane_missing', 'due rows without a lane']]
  if (stranger) return [['lane_of_nobody', 'its owner is no worker']]
  if (!late) return []
  const by =
    lateSeconds === null ? 'nothing is planned' : `${Math.ceil(lateSeconds)} s after its earliest due row`
  return [['lane_late', by]]
}
