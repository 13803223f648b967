import type { SqlOrTransaction } from '../open-database.ts'

/**
 * Deletes up to `limit` audit lines about single deliveries that are as old as history may be. Who changed the
 * configuration is kept for ever. Returns how many went.
 */
export async function purgeAuditLog(sql: SqlOrTransaction, limit: number): Promise<number> {
  const { count } = await sql`
    WITH old AS MATERIALIZED (
      SELECT id FROM audit_log
      WHERE at < now() - (SELECT days FROM retention) * interval '1 day'
        AND action IN ('delivery.redelivered', 'delivery.ignored')
      ORDER BY id LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    )
    DELETE FROM audit_log USING old WHERE audit_log.id = old.id`
  return count
}
