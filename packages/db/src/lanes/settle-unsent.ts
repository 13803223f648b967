import type { DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Gives up deliveries that will not be sent again, without an attempt: status failed with `err`, due row gone, and
 * a notice for a person where `notice` names its kind. Those that were settled or redelivered since are left alone;
 * one that was ignored while it was sent, or whose delivery is gone, only loses its due row.
 */
export async function settleUnsent(
  sql: SqlOrTransaction,
  items: readonly { delivery: DeliveryId; generation: number }[],
  err: string,
  notice: 'delivery_given_up' | 'delivery_quarantined' | null = null,
): Promise<number> {
  const sorted = [...items].sort((a, b) => a.delivery - b.delivery)
  const ids = sorted.map((item) => item.delivery)
  const rows = await sql`
    WITH given AS (
      SELECT * FROM unnest(${ids}::bigint[], ${sorted.map((item) => item.generation)}::int[]) AS g(id, generation)
    ),
    failed AS (
      UPDATE deliveries d SET status = 3, err = ${err}::text
      FROM given g JOIN due u ON u.delivery = g.id AND u.generation = g.generation
      WHERE d.id = g.id AND d.id >= ${ids[0] ?? 0}::bigint AND d.id <= ${ids.at(-1) ?? 0}::bigint
        AND d.generation = g.generation
      RETURNING d.id, d.integration, d.subscription, d.attempts, d.last_code
    ),
    settled AS (
      DELETE FROM due USING given g WHERE due.delivery = g.id AND due.generation = g.generation
    ),
    noticed AS (
      INSERT INTO notices (kind, ref, integration, details)
      SELECT ${notice}::text, CASE ${notice}::text WHEN 'delivery_quarantined' THEN id::text
          ELSE subscription || '.' || (now() AT TIME ZONE 'UTC')::date END, integration,
        jsonb_build_object('subscription', subscription, 'delivery', id, 'attempts', attempts, 'code', last_code,
          'err', ${err}::text)
      FROM failed WHERE ${notice}::text IS NOT NULL ORDER BY 1, 2 ON CONFLICT DO NOTHING
    )
    SELECT id FROM failed`
  return rows.length
}
