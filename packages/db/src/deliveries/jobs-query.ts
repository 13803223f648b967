import type { PendingQuery, Row } from 'postgres'
import {
  firstIdOfDay,
  searchText,
  type IntegrationId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import type { Sql } from '../open-database.ts'

export type Fragment = PendingQuery<Row[]>

/** Revisions of subscriptions: all of some subscriptions, single ones of others. */
export type RevisionSet = {
  whole: readonly SubscriptionId[]
  single: readonly { subscription: SubscriptionId; revision: number }[]
}

/** What a search found of the text in small places; a delivery that fits any of these, or its trigger, is meant. */
export type JobsSearch = {
  eventIds: readonly number[]
  orderStatuses: readonly number[]
  revisions: RevisionSet
  /** What the trigger's own texts are compared with; absent: nothing. */
  text?: TriggerText
  /** All triggers the text is in, once looked up; absent while unknown or when they are too many to name. */
  triggers?: readonly TriggerId[]
}

/** A text, and where in a trigger it may stand. */
export type TriggerText = { term: string; address: boolean; orderId: boolean }

export type JobsSort = { by: 'status_code' | 'event_type' | 'last_sent_at'; order: 'asc' | 'desc' }

/**
 * The PlanOmatic jobs index asks this: one integration's deliveries of its two profiles, sorted, paged by number. Values
 * of one member are alternatives, members narrow each other, absent ones narrow nothing.
 */
export type JobsQuery = {
  integration: IntegrationId
  /** The first instant that counts, to the millisecond. */
  createdFrom?: Date
  createdBefore?: Date
  statusCodes?: readonly number[]
  eventIds?: readonly number[]
  orderStatuses?: readonly number[]
  subscribers?: readonly SubscriptionId[]
  endpoints?: RevisionSet
  search?: JobsSearch
  sort: JobsSort
  size: number
  /** From 1. */
  page: number
}

const dayMs = 86_400_000
/** A planned delivery has its number before it is recorded: after an outage of all workers the day may have changed. */
const slackMs = 2 * dayMs

/** A lower bound of the ids, so that whole partitions are left out. */
export const lowerBound = (sql: Sql, { createdFrom }: JobsQuery): Fragment =>
  createdFrom ? sql`AND d.id >= ${firstIdOfDay(new Date(createdFrom.getTime() - slackMs))}::bigint` : sql``

/**
 * An upper bound, and with it the time itself: of what is not of an earlier day, a walk passes at most a day. A clock that
 * was set back breaks this bound, so only what need not find everything relies on it.
 */
export const upperBound = (sql: Sql, { createdBefore }: JobsQuery): Fragment =>
  createdBefore
    ? sql`AND d.id < ${firstIdOfDay(new Date(createdBefore.getTime() + dayMs))}::bigint
        AND d.created_at < ${createdBefore}::timestamptz`
    : sql``

/** Whether the query asks for anything less than all of the integration's jobs. */
export const isNarrowed = (query: JobsQuery): boolean =>
  [
    query.createdFrom,
    query.createdBefore,
    query.statusCodes,
    query.eventIds,
    query.orderStatuses,
    query.subscribers,
    query.endpoints,
    query.search,
  ].some((part) => part !== undefined)

/** Whether the search must look into the trigger of every delivery, as t. */
export const looksIntoTriggers = ({ search }: JobsQuery): boolean =>
  search?.text !== undefined && search.triggers === undefined

/** The join the condition needs. */
export const searchJoin = (sql: Sql, query: JobsQuery): Fragment =>
  looksIntoTriggers(query) ? sql`JOIN triggers t ON t.id = d.trigger` : sql``

/** The integration's jobs, in the words of deliveries_last_sent_at, which holds the two PlanOmatic profiles only. */
export const jobsOf = (sql: Sql, { integration }: JobsQuery): Fragment =>
  sql`d.integration = ${integration}::int AND d.profile IN (1, 2)`

/** What has to hold of a delivery d, and of its trigger t where {@link searchJoin} joins it. */
export function jobsCondition(sql: Sql, query: JobsQuery): Fragment {
  const { createdFrom, createdBefore, statusCodes, eventIds, orderStatuses, subscribers, endpoints, search } =
    query
  const parts = [
    lowerBound(sql, query),
    createdFrom && sql`AND d.created_at >= ${createdFrom}::timestamptz`,
    createdBefore && sql`AND d.created_at < ${createdBefore}::timestamptz`,
    statusCodes && sql`AND d.last_code = ANY(${[...statusCodes]}::smallint[])`,
    eventIds && sql`AND d.event_id = ANY(${[...eventIds]}::smallint[])`,
    orderStatuses && sql`AND d.order_status = ANY(${[...orderStatuses]}::smallint[])`,
    subscribers && sql`AND d.subscription = ANY(${[...subscribers]}::int[])`,
    endpoints && sql`AND (${anyOf(sql, ofRevisions(sql, endpoints))})`,
    search && sql`AND (${anyOf(sql, searched(sql, query, search))})`,
  ]
  return parts.reduce<Fragment>((all, part) => (part ? sql`${all} ${part}` : all), jobsOf(sql, query))
}

const anyOf = (sql: Sql, alternatives: readonly Fragment[]): Fragment =>
  alternatives.reduce<Fragment>((all, one, i) => (i === 0 ? one : sql`${all} OR ${one}`), sql`false`)

function searched(sql: Sql, query: JobsQuery, search: JobsSearch): Fragment[] {
  const found = ofRevisions(sql, search.revisions)
  if (search.eventIds.length > 0) found.push(sql`d.event_id = ANY(${[...search.eventIds]}::smallint[])`)
  if (search.orderStatuses.length > 0)
    found.push(sql`d.order_status = ANY(${[...search.orderStatuses]}::smallint[])`)
  if (looksIntoTriggers(query) && search.text) found.push(sql`(${holdsText(sql, search.text)})`)
  else if (search.triggers && search.triggers.length > 0)
    found.push(sql`d.trigger = ANY(${[...search.triggers]}::bigint[])`)
  return found
}

function ofRevisions(sql: Sql, { whole, single }: RevisionSet): Fragment[] {
  const found: Fragment[] = []
  if (whole.length > 0) found.push(sql`d.subscription = ANY(${[...whole]}::int[])`)
  if (single.length > 0) {
    const subscriptions = single.map((one) => one.subscription)
    const revisions = single.map((one) => one.revision)
    // The first half is for the index, which knows no revisions.
    found.push(sql`(d.subscription = ANY(${[...new Set(subscriptions)]}::int[]) AND (d.subscription, d.revision) IN
      (SELECT * FROM unnest(${subscriptions}::int[], ${revisions}::int[])))`)
  }
  return found
}

/** The text is in the trigger t: first as the trigram index has both places in one, then in the place that is meant. */
export function holdsText(sql: Sql, { term, address, orderId }: TriggerText): Fragment {
  const text = searchText(term)
  const like = `%${text.replaceAll(/[\\%_]/g, '\\$&')}%`
  // Not LIKE again: the planner would take the chances of both for independent and expect almost nothing.
  const within = (part: 1 | 2) =>
    sql`position(${text}::text in split_part(t.search, chr(31), ${part}::int)) > 0`
  return sql`t.event_id < 200 AND t.search LIKE ${like}::text
    AND (${anyOf(sql, [...(address ? [within(1)] : []), ...(orderId ? [within(2)] : [])])})`
}
