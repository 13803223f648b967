import type { PendingQuery, Row } from 'postgres'
import {
  firstIdOfDay,
  ID_DAY_STEP,
  type DeliveryId,
  type IntegrationId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import type { Sql } from '../open-database.ts'

type Fragment = PendingQuery<Row[]>

/** What a search of the logs asks for. Times are exclusive and of the delivery's creation. */
export type LogsQuery = {
  integrations: readonly IntegrationId[]
  /** Of the subscriptions whose deliveries are logs. */
  profile: number
  /** Catalogue ids; with a single one an index of its own serves. */
  eventIds: readonly number[]
  facilities?: readonly string[]
  after?: Date
  before?: Date
  ascending: boolean
  limit: number
  offset: number
}

/** A delivery that was attempted. */
export type LogRecord = {
  id: DeliveryId
  trigger: TriggerId
  subscription: SubscriptionId
  eventId: number
  attempts: number
  view: string | null
}

const dayMs = 86_400_000
/** Ids are reserved before a delivery is recorded, now and then on the day before. */
const slackDays = 1

/**
 * One page of the deliveries of the last 14 days, by the database's clock, to webhooks of facilities, also to those deleted
 * since. Each way in takes as many as the page can need from an index that is in the page's order: by subscription; with
 * one event, by integration; with facilities, by their triggers, in whose order the page then is.
 */
export async function listLogs(sql: Sql, query: LogsQuery): Promise<LogRecord[]> {
  const { integrations, profile, limit, offset } = query
  const rows = await sql<LogRecord[]>`
    WITH s AS MATERIALIZED (
      SELECT id FROM subscriptions
      WHERE integration = ANY(${[...integrations]}::int[]) AND profile = ${profile}::smallint
        AND filters->>'audience' IS DISTINCT FROM 'user'
        AND (deleted_at IS NULL OR deleted_at > now() - interval '14 days')
    ),
    page AS (
      SELECT c.* FROM ${candidates(sql, query)}
      ORDER BY ${ordered(sql, query, 'c')} LIMIT ${limit}::int OFFSET ${offset}::int
    )
    SELECT p.id, p.trigger, p.subscription, p.event_id AS "eventId", p.attempts, r.view
    FROM page p JOIN revisions r ON r.subscription = p.subscription AND r.revision = p.revision
    ORDER BY ${ordered(sql, query, 'p')}`
  return [...rows]
}

function candidates(sql: Sql, query: LogsQuery): Fragment {
  const { facilities, eventIds } = query
  const eventId = eventIds.length === 1 ? eventIds[0] : undefined
  const integrations = [...query.integrations]
  const direction = query.ascending ? sql`ASC` : sql`DESC`
  const some = sql`ORDER BY ${ordered(sql, query, 'd')} LIMIT ${query.limit + query.offset}::int`
  const columns = sql`SELECT d.id, d.trigger, d.subscription, d.revision, d.event_id, d.attempts`
  const ours = sql`d.subscription = ANY(ARRAY(SELECT id FROM s)) AND ${visible(sql, query)}`
  // The inner limit is none, but makes the planner read the index in order instead of sorting all that a facility has.
  if (facilities)
    return sql`unnest(${integrations}::int[]) AS i(id)
      CROSS JOIN unnest(${[...new Set(facilities)]}::text[]) AS f(id) CROSS JOIN LATERAL (
        SELECT d.* FROM (
          SELECT t.id FROM triggers t
          WHERE t.integration = i.id AND t.facility_id = f.id AND t.id >= ${firstId(sql)}
            AND ${ofEvents(sql, 't', eventIds)}
          ORDER BY t.id ${direction} LIMIT 2147483647) AS t
        CROSS JOIN LATERAL (
          ${columns} FROM deliveries d
          WHERE d.trigger = t.id AND d.id >= t.id / ${ID_DAY_STEP}::bigint * ${ID_DAY_STEP}::bigint AND ${ours}
          OFFSET 0) AS d
        ${some}) AS c`
  if (eventId !== undefined)
    return sql`unnest(${integrations}::int[]) AS i(id) CROSS JOIN LATERAL (
      ${columns} FROM deliveries d
      WHERE d.integration = i.id AND ${ours}
      ${some}) AS c`
  return sql`s CROSS JOIN LATERAL (
    ${columns} FROM deliveries d WHERE d.subscription = s.id AND ${visible(sql, query)} ${some}) AS c`
}

/** With facilities both parts, so that the index of triggers gives the order; ids of deliveries break ties. */
function ordered(sql: Sql, { facilities, ascending }: LogsQuery, alias: 'c' | 'd' | 'p'): Fragment {
  const id = ascending ? sql`${sql(alias)}.id` : sql`${sql(alias)}.id DESC`
  if (!facilities) return id
  const trigger = alias === 'd' ? sql`t.id` : sql`${sql(alias)}.trigger`
  return ascending ? sql`${trigger}, ${id}` : sql`${trigger} DESC, ${id}`
}

/** The first id that a log of the last 14 days can have. Computed by the database, whose clock made them. */
const firstId = (sql: Sql): Fragment =>
  sql`((now() AT TIME ZONE 'UTC')::date - date '2020-01-01' - ${14 + slackDays}::int)::bigint * ${ID_DAY_STEP}::bigint`

/** One event as an equality, which leaves an index in the order of its ids. */
function ofEvents(sql: Sql, alias: 'd' | 't', eventIds: readonly number[]): Fragment {
  const [only = 0, ...more] = eventIds
  return more.length === 0
    ? sql`${sql(alias)}.event_id = ${only}::smallint`
    : sql`${sql(alias)}.event_id = ANY(${[...eventIds]}::smallint[])`
}

/**
 * What was attempted within the times. The bounds on ids say which partitions that can be in; each bound is one condition,
 * since the planner takes two for twice as selective and then sorts what it should read in order.
 */
function visible(sql: Sql, { eventIds, after, before }: LogsQuery): Fragment {
  const days = (date: Date, n: number): number => firstIdOfDay(new Date(date.getTime() + n * dayMs))
  const oldest = sql`now() - interval '14 days'`
  const [low, since] = after
    ? [
        sql`greatest(${firstId(sql)}, ${days(after, -slackDays)}::bigint)`,
        sql`greatest(${oldest}, ${after}::timestamptz)`,
      ]
    : [firstId(sql), oldest]
  return sql`d.attempts > 0 AND ${ofEvents(sql, 'd', eventIds)} AND d.id >= ${low} AND d.created_at > ${since}
    ${before ? sql`AND d.created_at < ${before}::timestamptz AND d.id < ${days(before, 1)}::bigint` : sql``}`
}
