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

/** A trigger whose data, of `bytes`, is better read when it is needed: see {@link readTriggerData}. */
export type LargeTrigger = Omit<StoredTrigger, 'data'> & { bytes: number }

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
export const triggerColumns = (sql: SqlOrTransaction) => sql`${headColumns(sql)}, t.data`

const headColumns = (sql: SqlOrTransaction) => sql`
  t.id, t.integration, t.event_id, t.order_id, t.facility_id, t.order_status, t.duplicate,
  extract(epoch FROM t.created_at)::float8 * 1000 AS created_at_ms`

/** Data of more bytes than this is large. */
export const largeDataBytes = 16_384

/** What {@link largeTriggerColumns} select. */
export type LargeTriggerRow = Omit<TriggerRow, 'data'> & { data: string | null; bytes: number }

/** As {@link triggerColumns}, but without data that is large: its length is known without it being read. */
export const largeTriggerColumns = (sql: SqlOrTransaction) => sql`
  ${headColumns(sql)}, octet_length(t.data) AS bytes,
  CASE WHEN octet_length(t.data) <= ${largeDataBytes}::int THEN t.data END AS data`

export function toLargeTrigger({ data, bytes, ...row }: LargeTriggerRow): StoredTrigger | LargeTrigger {
  return data === null ? { ...toHead(row), bytes } : toTrigger({ ...row, data })
}

export const toTrigger = (row: TriggerRow): StoredTrigger => ({ ...toHead(row), data: row.data })

function toHead(row: Omit<TriggerRow, 'data'>): Omit<StoredTrigger, 'data'> {
  return {
    id: row.id,
    integration: row.integration,
    eventId: row.event_id,
    orderId: row.order_id,
    facilityId: row.facility_id,
    orderStatus: row.order_status,
    duplicate: row.duplicate,
    createdAtMs: row.created_at_ms,
  }
}
