import type { IntegrationId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** A notice that one worker is telling now. `tries` counts this one; `ageMs` is how long ago it was left. */
export type ClaimedNotice = {
  id: number
  kind: string
  ref: string
  integration: IntegrationId | null
  details: Record<string, unknown>
  tries: number
  ageMs: number
}

/**
 * Takes up to `limit` notices that are due. Nobody else gets them for `leaseMs`, which must be longer than telling takes:
 * should this worker die meanwhile, they are due again then.
 */
export async function claimNotices(
  sql: SqlOrTransaction,
  { limit, leaseMs }: { limit: number; leaseMs: number },
): Promise<ClaimedNotice[]> {
  const rows = await sql<ClaimedNotice[]>`
    WITH due AS MATERIALIZED (
      SELECT id FROM notices WHERE sent_at IS NULL AND next_try_at <= now()
      ORDER BY next_try_at LIMIT ${limit}::int FOR UPDATE SKIP LOCKED
    )
    UPDATE notices n
    SET tries = least(n.tries + 1, 32767), next_try_at = now() + ${leaseMs}::float8 * interval '1 millisecond'
    FROM due WHERE n.id = due.id
    RETURNING n.id, n.kind, n.ref, n.integration, n.details, n.tries,
      extract(epoch FROM now() - n.created_at)::float8 * 1000 AS "ageMs"`
  return [...rows]
}
