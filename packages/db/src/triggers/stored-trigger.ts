import type { IntegrationId, TriggerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** A trigger as the worker needs it. `data` is the JSON text as posted. */
export type StoredTrigger = {
  id: TriggerId
  integration: IntegrationId
  eventId: number
  orderId: string | null
  facilityId: string | null
  /** The catalogue id of the status the order had when an event happened to it. */
  orderStatus: number | null
  duplicate: boolean
  createdAtMs: number
  data: string
}

/** What {@link triggerColumns} select. */
export type TriggerRow = {
  id: TriggerId
  integration: IntegrationId
  event_id: number
  order_id: string | null
  facility_id: string | null
  order_status: number | null
  duplicate: boolean
  created_at_ms: number
  data: string
}

/** The columns of a stored trigger; `triggers` is `t` in the caller's FROM. */
export const triggerColumns = (sql: SqlOrTransaction) => sql`
  t.id, t.integration, t.event_id, t.order_id, t.facility_id, t.order_status, t.duplicate,
  extract(epoch FROM t.created_at)::float8 * 1000 AS created_at_ms, t.data`

export function toTrigger(row: TriggerRow): StoredTrigger {
  return {
    id: row.id,
    integration: row.integration,
    eventId: row.event_id,
    orderId: row.order_id,
    facilityId: row.facility_id,
    orderStatus: row.order_status,
    duplicate: row.duplicate,
    createdAtMs: row.created_at_ms,
    data: row.data,
  }
}
