import { ID_DAY_STEP, type IntegrationId, type SubscriptionId, type TriggerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import type { SubscriptionFilters } from '../schema/index.ts'
import type { AuditWindow } from './read-audit-window.ts'

export type AuditedTrigger = {
  id: TriggerId
  integration: IntegrationId
  eventId: number
  facilityId: string | null
  createdAtMs: number
}

/** One page of triggers by id; a page that is not full is the last. */
export async function scanTriggers(
  sql: SqlOrTransaction,
  { from, to }: AuditWindow,
  rows: number,
): Promise<AuditedTrigger[]> {
  const page = await sql<AuditedTrigger[]>`
    SELECT id, integration, event_id AS "eventId", facility_id AS "facilityId",
      extract(epoch FROM created_at)::float8 * 1000 AS "createdAtMs"
    FROM triggers WHERE id >= ${from}::bigint AND id < ${to}::bigint ORDER BY id LIMIT ${rows}::int`
  return [...page]
}

/** A subscription as matching sees it; `changedAtMs` is its last change of any kind. */
export type MatchedSubscription = {
  id: SubscriptionId
  integration: IntegrationId
  profile: number
  inactive: boolean
  filters: SubscriptionFilters
  changedAtMs: number
}

/** Every living subscription. */
export async function listMatched(sql: SqlOrTransaction): Promise<MatchedSubscription[]> {
  const rows = await sql<MatchedSubscription[]>`
    SELECT id, integration, profile, state = 3 AS inactive, filters,
      extract(epoch FROM greatest(created_at, updated_at))::float8 * 1000 AS "changedAtMs"
    FROM subscriptions WHERE deleted_at IS NULL ORDER BY id`
  return [...rows]
}

/** The pairs of trigger and subscription that have a delivery, of those triggers, as `trigger.subscription`. */
export async function listMade(
  sql: SqlOrTransaction,
  triggers: readonly TriggerId[],
  { to }: AuditWindow,
): Promise<Set<string>> {
  if (triggers.length === 0) return new Set()
  // Made on the trigger's day or later; within a day numbers may start over.
  const firstDay = Math.floor(Math.min(...triggers) / ID_DAY_STEP) * ID_DAY_STEP
  const rows = await sql<{ trigger: TriggerId; subscription: SubscriptionId }[]>`
    SELECT trigger, subscription FROM deliveries
    WHERE trigger = ANY(${[...triggers]}::bigint[]) AND id >= ${firstDay}::bigint AND id < ${to}::bigint`
  return new Set(rows.map((row) => `${row.trigger}.${row.subscription}`))
}

/** The batches that still hold some of the triggers between two ids, both included. */
export async function listOpenBatches(
  sql: SqlOrTransaction,
  low: TriggerId,
  high: TriggerId,
): Promise<{ firstTrigger: TriggerId; n: number }[]> {
  const rows = await sql<{ firstTrigger: TriggerId; n: number }[]>`
    SELECT first_trigger AS "firstTrigger", n FROM batches
    WHERE first_trigger <= ${high}::bigint AND first_trigger + n > ${low}::bigint`
  return [...rows]
}
