import type { DeliveryId, IntegrationId, SubscriptionId, TriggerId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { toTrigger, triggerColumns, type StoredTrigger, type TriggerRow } from '../triggers/stored-trigger.ts'
import { whereEvents, type EventFilter } from './event-query.ts'

/** A delivery and what it tells by its number: what is told can be large, and a page has many. `status` is the stored code. */
export type ListedEvent = {
  id: DeliveryId
  integration: IntegrationId
  subscription: SubscriptionId
  revision: number
  status: number
  createdAt: Date
  lastSentAt: Date | null
  trigger: TriggerId
  /** Bytes of the trigger's JSON text; 0 once retention took the trigger. */
  bytes: number
}

/** A delivery with what it tells; `told` is undefined once retention took the trigger. */
export type EventRecord = ListedEvent & { told: StoredTrigger | undefined }

export type EventPage = { newestFirst: boolean; limit: number; offset: number }

type Row = Omit<ListedEvent, 'bytes'>

/**
 * One page of a subscription's deliveries by their ids, which rise with time. Three statements: skipping rows then reads
 * nothing but an index, and each of the others knows the bounds of the partitions it needs. No trigger's text is read: its size
 * stands in its row.
 */
export async function listEvents(
  sql: Sql,
  integration: IntegrationId,
  filter: EventFilter,
  page: EventPage,
): Promise<ListedEvent[]> {
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
  const sizes = await readSizes(sql, triggersOf(rows))
  return rows.map((row) => ({ ...row, bytes: sizes.get(row.trigger) ?? 0 }))
}

/** What these deliveries tell. All of it is read at once: it is the caller's to ask for few enough. */
export async function readEvents(sql: Sql, events: readonly ListedEvent[]): Promise<EventRecord[]> {
  const triggers = await readTriggers(sql, triggersOf(events))
  return events.map((event) => ({ ...event, told: triggers.get(event.trigger) }))
}

/** A delivery of this subscription, else undefined. */
export async function findEventOf(
  sql: Sql,
  integration: IntegrationId,
  subscription: SubscriptionId,
  delivery: DeliveryId,
): Promise<EventRecord | undefined> {
  const page = { newestFirst: false, limit: 1, offset: 0 }
  const [found] = await readEvents(sql, await listEvents(sql, integration, { subscription, delivery }, page))
  return found
}

const triggersOf = (events: readonly { trigger: TriggerId }[]) => [
  ...new Set(events.map(({ trigger }) => trigger)),
]

async function readSizes(sql: Sql, ids: readonly TriggerId[]): Promise<Map<TriggerId, number>> {
  const rows = await sql<{ id: TriggerId; bytes: number }[]>`
    SELECT id, octet_length(data) AS bytes FROM triggers
    WHERE id = ANY(${[...ids]}::bigint[]) AND id >= ${Math.min(...ids)}::bigint AND id <= ${Math.max(...ids)}::bigint`
  return new Map(rows.map(({ id, bytes }) => [id, bytes]))
}

async function readTriggers(sql: Sql, ids: readonly TriggerId[]): Promise<Map<TriggerId, StoredTrigger>> {
  if (ids.length === 0) return new Map()
  const rows = await sql<TriggerRow[]>`
    SELECT ${triggerColumns(sql)} FROM triggers t
    WHERE t.id = ANY(${[...ids]}::bigint[]) AND t.id >= ${Math.min(...ids)}::bigint
      AND t.id <= ${Math.max(...ids)}::bigint`
  return new Map(rows.map((row) => [row.id, toTrigger(row)]))
}
