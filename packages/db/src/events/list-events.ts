import type { DeliveryId, IntegrationId, SubscriptionId, TriggerId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { toTrigger, triggerColumns, type StoredTrigger, type TriggerRow } from '../triggers/stored-trigger.ts'
import { whereEvents, type EventFilter } from './event-query.ts'

/** A delivery with what it tells. `status` is the stored code; `told` is undefined once retention took the trigger. */
export type EventRecord = {
  id: DeliveryId
  integration: IntegrationId
  subscription: SubscriptionId
  revision: number
  status: number
  createdAt: Date
  lastSentAt: Date | null
  told: StoredTrigger | undefined
}

export type EventPage = { newestFirst: boolean; limit: number; offset: number }

type Row = Omit<EventRecord, 'told'> & { trigger: TriggerId }

/**
 * One page of a subscription's deliveries by their ids, which rise with time. Three statements: skipping rows then reads
 * nothing but an index, and each of the others knows the bounds of the partitions it needs.
 */
export async function listEvents(
  sql: Sql,
  integration: IntegrationId,
  filter: EventFilter,
  page: EventPage,
): Promise<EventRecord[]> {
  const direction = page.newestFirst ? sql`DESC` : sql`ASC`
  const found = await sql<{ id: DeliveryId }[]>`
    SELECT d.id FROM deliveries d WHERE ${whereEvents(sql, filter)}
    ORDER BY d.id ${direction} LIMIT ${page.limit}::int OFFSET ${page.offset}::bigint`
  if (found.length === 0) return []
  const ids = found.map(({ id }) => id)
  const rows = await sql<Row[]>`
    SELECT id, trigger, integration, subscription, revision, status, created_at AS "createdAt",
      last_sent_at AS "lastSentAt"
    FROM deliveries
    WHERE id = ANY(${ids}::bigint[]) AND id >= ${Math.min(...ids)}::bigint AND id <= ${Math.max(...ids)}::bigint
      AND integration = ${integration}::int
    ORDER BY id ${direction}`
  const triggers = await readTriggers(sql, [...new Set(rows.map(({ trigger }) => trigger))])
  return rows.map(({ trigger, ...row }) => ({ ...row, told: triggers.get(trigger) }))
}

/** A delivery of this subscription, else undefined. */
export async function findEventOf(
  sql: Sql,
  integration: IntegrationId,
  subscription: SubscriptionId,
  delivery: DeliveryId,
): Promise<EventRecord | undefined> {
  const page = { newestFirst: false, limit: 1, offset: 0 }
  const [found] = await listEvents(sql, integration, { subscription, delivery }, page)
  return found
}

async function readTriggers(sql: Sql, ids: readonly TriggerId[]): Promise<Map<TriggerId, StoredTrigger>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<TriggerRow[]>`
    SELECT ${triggerColumns(sql)} FROM triggers t
    WHERE t.id = ANY(${[...ids]}::bigint[]) AND t.id >= ${Math.min(...ids)}::bigint
      AND t.id <= ${Math.max(...ids)}::bigint`
  return new Map(rows.map((row) => [row.id, toTrigger(row)]))
}
