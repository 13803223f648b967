import type { SqlOrTransaction } from '../open-database.ts'
import type { MarkedRow } from './mark-due.ts'

/** Counts an attempt 'unknown' for deliveries whose worker died with them in its hands. */
export async function recordDeaths(sql: SqlOrTransaction, died: readonly MarkedRow[]): Promise<void> {
  const sorted = [...died].sort((a, b) => a.delivery - b.delivery)
  const ids = sorted.map((row) => row.delivery)
  await sql`
    WITH counted AS (
      UPDATE deliveries d SET attempts = d.attempts + 1
      FROM unnest(${ids}::bigint[], ${sorted.map((row) => row.generation)}::int[]) AS m(delivery, generation)
      WHERE d.id = m.delivery AND d.id >= ${ids[0] ?? 0}::bigint AND d.id <= ${ids.at(-1) ?? 0}::bigint
      RETURNING d.id, d.attempts, d.revision, m.generation
    )
    INSERT INTO attempts (delivery, n, generation, revision, err)
    SELECT id, attempts, generation, revision, 'unknown' FROM counted`
}
