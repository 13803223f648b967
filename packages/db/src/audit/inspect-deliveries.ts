import { statusByCode, type DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { Violation, ViolationKind } from './violation.ts'

type Row = {
  id: DeliveryId
  status: number | null
  err: string | null
  subscription: number | null
  attempts: number | null
  generation: number | null
  due: boolean
  dueGeneration: number | null
  recorded: number
}

/**
 * Judges deliveries one by one, in one statement, so that what it compares belongs together. The due row of one that was
 * ignored while it is sent is as good as gone.
 */
export async function inspectDeliveries(
  sql: SqlOrTransaction,
  ids: readonly DeliveryId[],
): Promise<Violation[]> {
  if (ids.length === 0) return []
  const low = ids.reduce((a, b) => Math.min(a, b), Number.MAX_SAFE_INTEGER)
  const high = ids.reduce((a, b) => Math.max(a, b), 0)
  const rows = await sql<Row[]>`
    SELECT asked.id, d.status, d.err, coalesce(d.subscription, u.subscription) AS subscription, d.attempts, d.generation,
      u.delivery IS NOT NULL AND (u.run IS NULL OR d.id IS NULL OR u.generation >= d.generation) AS due, u.generation AS "dueGeneration",
      (SELECT count(*)::int FROM attempts a
        WHERE a.delivery = asked.id AND a.delivery >= ${low}::bigint AND a.delivery <= ${high}::bigint) AS recorded
    FROM unnest(${[...ids]}::bigint[]) AS asked(id)
    LEFT JOIN deliveries d ON d.id = asked.id AND d.id >= ${low}::bigint AND d.id <= ${high}::bigint
    LEFT JOIN due u ON u.delivery = asked.id
    ORDER BY asked.id`
  return rows.flatMap((row) =>
    findings(row).map(([kind, detail]) => ({
      kind,
      subject: 'delivery',
      id: row.id,
      subscription: row.subscription,
      detail,
    })),
  )
}

function findings(row: Row): [ViolationKind, string][] {
  if (row.status === null) return row.due ? [['due_without_delivery', 'a due row of no delivery']] : []
  const found: [ViolationKind, string][] = []
  const waits = row.status === 1 || (row.status === 3 && row.err === null)
  const status = statusByCode(row.status) ?? `status ${row.status}`
  const after = `after ${row.attempts} attempts`
  if (waits && !row.due) {
    found.push([row.status === 1 ? 'pending_without_due' : 'retry_without_due', `${status} ${after}`])
  }
  if (!waits && row.due) {
    found.push(['due_of_settled', `${status}${row.err === null ? '' : ` (${row.err})`} ${after}`])
  } else if (row.due && row.dueGeneration !== row.generation) {
    found.push(['due_of_other_generation', `due ${row.dueGeneration}, delivery ${row.generation}`])
  }
  if (row.attempts !== row.recorded)
    found.push(['attempts_differ', `counts ${row.attempts}, has ${row.recorded}`])
  return found
}
