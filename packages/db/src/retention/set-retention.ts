import type { SqlOrTransaction } from '../open-database.ts'

/** Vendors' APIs show 14 days; the end is that of a partition of a sensible size. */
export const retentionDays = { least: 14, most: 3_650 } as const

/**
 * Keeps history for `days` from now on. There are about 30 partitions of each table at any time, so those that are made
 * from now on have a width that fits. Throws 23514 for less than 14 days.
 */
export async function setRetention(sql: SqlOrTransaction, actor: string, days: number): Promise<void> {
  await sql`
    WITH changed AS (
      UPDATE retention SET days = ${days}::int, partition_days = ceil((${days}::int + 7) / 30.0)::int
    )
    INSERT INTO audit_log (actor, action, target, details)
    VALUES (${actor}::text, 'retention.set', 'retention', jsonb_build_object('days', ${days}::int))`
}
