import { foldText, type IntegrationId, type SubscriptionId } from '@waybill/domain'
import type { PendingQuery, Row } from 'postgres'
import type { Sql } from '../open-database.ts'
import { subscriptionState } from '../schema/index.ts'
import { stateName, type SubscriptionRecord } from './subscription-record.ts'

/** The PlanOmatic index of subscribers asks this; absent members narrow nothing. */
export type OutSubsQuery = {
  integration: IntegrationId
  profiles: readonly number[]
  active?: boolean
  /** A folded text that is in one of these places. */
  search?: { term: string; attributes: readonly ('key' | 'name' | 'callback_url')[] }
  sort: { by: 'id' | 'created_at' | 'last_updated'; order: 'asc' | 'desc' }
  size: number
  /** From 1. */
  page: number
}

/** What the index shows of a subscription. */
export type OutSubRecord = Omit<
  SubscriptionRecord,
  'revision' | 'horizonSeconds' | 'timeoutMs' | 'inFlightLimit' | 'application'
>

type Entry = { id: SubscriptionId; key: string; name: string; callback_url: string }

/**
 * One page of the integration's living subscriptions, and how many there are in all. Ties are broken by id in the
 * direction of the sort. Searched here and not by the server, whose idea of upper and lower case depends on its locale.
 */
export async function listOutSubs(
  sql: Sql,
  query: OutSubsQuery,
): Promise<{ found: OutSubRecord[]; count: number }> {
  const rows = await sql<Entry[]>`
    SELECT s.id, s.key, r.name, r.url AS callback_url
    FROM subscriptions s JOIN revisions r ON r.subscription = s.id AND r.revision = s.revision
    WHERE s.integration = ${query.integration}::int AND s.profile = ANY(${[...query.profiles]}::smallint[])
      AND s.deleted_at IS NULL ${inState(sql, query.active)}
    ORDER BY ${order(sql, query)}`
  const { search, size, page } = query
  const fitting = search
    ? rows.filter((row) => search.attributes.some((name) => foldText(row[name]).includes(search.term)))
    : rows
  const ids = fitting.slice((page - 1) * size, page * size).map(({ id }) => id)
  return { found: await readOutSubs(sql, query, ids), count: fitting.length }
}

async function readOutSubs(
  sql: Sql,
  query: OutSubsQuery,
  ids: readonly SubscriptionId[],
): Promise<OutSubRecord[]> {
  if (ids.length === 0) return []
  const rows = await sql<(Omit<OutSubRecord, 'state'> & { state: number })[]>`
    SELECT s.id, s.integration, s.key, r.name, r.url, r.view, s.profile, s.state, s.filters,
      s.success_code AS "successCode", s.notify, s.notification_emails AS "notificationEmails",
      s.created_at AS "createdAt", s.updated_at AS "updatedAt"
    FROM subscriptions s JOIN revisions r ON r.subscription = s.id AND r.revision = s.revision
    WHERE s.id = ANY(${[...ids]}::int[]) ORDER BY ${order(sql, query)}`
  return rows.map((row) => ({ ...row, state: stateName(row.state) }))
}

type Fragment = PendingQuery<Row[]>

function inState(sql: Sql, active: boolean | undefined): Fragment {
  if (active === undefined) return sql``
  const { active: code } = subscriptionState
  return active ? sql`AND s.state = ${code}::smallint` : sql`AND s.state <> ${code}::smallint`
}

function order(sql: Sql, { sort }: OutSubsQuery): Fragment {
  const key = { id: sql`s.id`, created_at: sql`s.created_at`, last_updated: sql`s.updated_at` }[sort.by]
  return sort.order === 'asc' ? sql`${key} ASC, s.id ASC` : sql`${key} DESC, s.id DESC`
}
