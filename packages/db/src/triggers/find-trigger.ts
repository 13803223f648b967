import type { IntegrationId, TriggerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** `fannedOut`: no open batch still has to plan or send it. `data` is the JSON text as posted. */
export type TriggerRecord = {
  id: TriggerId
  integration: IntegrationId
  eventId: number
  orderId: string | null
  facilityId: string | null
  duplicate: boolean
  createdAt: Date
  data: string
  fannedOut: boolean
  quarantined: boolean
}

/** A trigger of one of the integrations, else undefined. */
export async function findTrigger(
  sql: SqlOrTransaction,
  integrations: readonly IntegrationId[],
  id: TriggerId,
): Promise<TriggerRecord | undefined> {
  const [row] = await sql<TriggerRecord[]>`
    SELECT t.id, t.integration, t.event_id AS "eventId", t.order_id AS "orderId", t.facility_id AS "facilityId",
      t.duplicate, t.created_at AS "createdAt", t.data,
      NOT EXISTS (SELECT FROM batches b WHERE b.first_trigger <= t.id AND t.id < b.first_trigger + b.n) AS "fannedOut",
      EXISTS (SELECT FROM batches b WHERE b.first_trigger <= t.id AND t.id < b.first_trigger + b.n
        AND b.quarantined_at IS NOT NULL) AS quarantined
    FROM triggers t WHERE t.id = ${id}::bigint AND t.integration = ANY(${[...integrations]}::int[])`
  return row
}

/** When the first trigger with each of these occurrences was accepted, in ms since 1970, keyed by trigger id. */
export async function firstOccurrences(
  sql: SqlOrTransaction,
  triggers: readonly TriggerId[],
): Promise<Map<TriggerId, number>> {
  const rows = await sql<{ id: TriggerId; ms: number }[]>`
    SELECT t.id, extract(epoch FROM k.created_at)::float8 * 1000 AS ms
    FROM triggers t
    JOIN accept_keys k ON k.integration = t.integration AND k.kind = 2 AND k.key = t.occurrence
    WHERE t.id = ANY(${[...triggers]}::bigint[]) AND t.id >= ${Math.min(...triggers)}::bigint
      AND t.id <= ${Math.max(...triggers)}::bigint`
  return new Map(rows.map((row) => [row.id, row.ms]))
}
