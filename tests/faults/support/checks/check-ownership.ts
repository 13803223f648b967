import type { Sql } from '@waybill/db'
import type { Failures } from './failures.ts'

/** C9: nothing is overdue with nobody to see to it, and nothing belongs to a worker that is gone. */
export async function checkOwnership(sql: Sql): Promise<Failures> {
  const [row] = await sql<{ overdue: number; strangers: number; batches: number }[]>`
    SELECT
      (SELECT count(*)::int FROM due u JOIN lanes l ON l.subscription = u.subscription
        JOIN subscriptions s ON s.id = u.subscription AND s.state = 1 AND s.deleted_at IS NULL
        WHERE l.owner IS NULL AND u.due_at < now() - interval '30 s'
          AND (l.blocked_until IS NULL OR l.blocked_until <= now())) AS overdue,
      (SELECT count(*)::int FROM (SELECT owner FROM lanes UNION SELECT owner FROM batches) o
        WHERE owner IS NOT NULL AND owner NOT IN (SELECT id FROM workers)) AS strangers,
      (SELECT count(*)::int FROM batches
        WHERE owner IS NULL AND quarantined_at IS NULL AND created_at < now() - interval '30 s') AS batches`
  if (!row) return ['C9 could not be read']
  return [
    ...(row.overdue > 0 ? [`C9 ${row.overdue} deliveries overdue by 30 s without an owner`] : []),
    ...(row.batches > 0 ? [`C9 ${row.batches} batches unclaimed for 30 s`] : []),
    ...(row.strangers > 0 ? [`C9 owned by ${row.strangers} workers that are gone`] : []),
  ]
}
