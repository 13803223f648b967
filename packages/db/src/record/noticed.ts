import type { AttemptNotice, DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * The part of a recording statement that leaves notices of the deliveries in `recorded`: nothing at all where there are
 * none, since most flushes have none. An outcome from before a person's act tells nobody. One delivery is told about once a generation; what concerns an endpoint, once a
 * day (UTC), so that a flood of failures is one mail.
 */
export function noticed(
  sql: SqlOrTransaction,
  outcomes: readonly { delivery: DeliveryId; notices: readonly AttemptNotice[] }[],
  recorded: 'recorded' | 'taken',
) {
  const all = outcomes.flatMap(({ delivery, notices }) => notices.map((kind) => ({ delivery, kind })))
  if (all.length === 0) return sql``
  return sql`,
    noticed AS (
      INSERT INTO notices (kind, ref, integration, details)
      SELECT w.kind, CASE w.kind WHEN 'delivery_failing' THEN d.id || '.' || d.generation
          ELSE d.subscription || '.' || (now() AT TIME ZONE 'UTC')::date END, d.integration,
        jsonb_build_object('subscription', d.subscription, 'delivery', d.id, 'attempts', d.attempts, 'code', d.last_code,
          'err', d.err)
      FROM unnest(${all.map((one) => one.delivery)}::bigint[], ${all.map((one) => one.kind)}::text[]) AS w(delivery, kind)
      JOIN ${sql(recorded)} d ON d.id = w.delivery ${recorded === 'taken' ? sql`AND d.mine` : sql``}
      ORDER BY 1, 2
      ON CONFLICT DO NOTHING
    )`
}
