import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { direction, eventsBetween, jobGroups, jobOrder } from './job-sort.ts'
import {
  isNarrowed,
  jobsCondition,
  jobsOf,
  looksIntoTriggers,
  lowerBound,
  searchJoin,
  upperBound,
  type Fragment,
  type JobsQuery,
} from './jobs-query.ts'

/** A delivery as the jobs index shows it: name and URL as when it was planned. */
export type JobRecord = {
  id: DeliveryId
  subscription: SubscriptionId
  subscriptionName: string
  url: string
  eventId: number
  /** The catalogue id of the order's status. */
  orderStatus: number | null
  orderId: string | null
  attempts: number
  lastCode: number | null
  createdAt: Date
  lastSentAt: Date | null
  /** The trigger as it was posted, where that was asked for. */
  data: string | null
}

/** How many deliveries are looked at in the order of the page before all that fit are collected instead. */
const walkedAtMost = 20_000
/** The same where each one's trigger is looked at. */
const walkedTriggersAtMost = 4_000
/** Up to here each group of a sort gives its first rows. */
const groupedAtMost = 2_000
/** So few deliveries are sorted faster than they are met in order. */
const few = 5_000

type Page = { sql: Sql; query: JobsQuery; offset: number }

/**
 * One page; see {@link jobOrder} for its order, in which pages neither repeat nor skip. Most pages are found by walking
 * an index in the order of the page. Where too few of what is passed fits, all that fits is collected and sorted.
 */
export async function listJobs(
  sql: Sql,
  query: JobsQuery,
  { withData = false }: { withData?: boolean } = {},
): Promise<JobRecord[]> {
  const page: Page = { sql, query, offset: (query.page - 1) * query.size }
  const read = (rows: Fragment) => readRows(page, withData, rows)
  if (jobGroups(query)) {
    const isGrouped = await isGroupable(page)
    return read(isGrouped ? grouped(page) : collected(await reachedGroups(page)))
  }
  if (!isNarrowed(query)) return read(walked(page))
  if (page.offset + query.size < walkLimit(query)) {
    const rows = await read(walkedSome(page))
    if (rows.length === query.size) return rows
  }
  return read(collected(page))
}

async function readRows({ sql, query }: Page, withData: boolean, rows: Fragment): Promise<JobRecord[]> {
  const found = await sql<JobRecord[]>`
    SELECT p.id, p.subscription, r.name AS "subscriptionName", r.url, p.event_id AS "eventId",
      p.order_status AS "orderStatus", t.order_id AS "orderId", p.attempts, p.last_code AS "lastCode",
      p.created_at AS "createdAt", p.last_sent_at AS "lastSentAt", ${withData ? sql`t.data` : sql`NULL`} AS data
    FROM (${rows}) AS p
    JOIN revisions r ON r.subscription = p.subscription AND r.revision = p.revision
    LEFT JOIN triggers t ON t.id = p.trigger
    ORDER BY ${jobOrder(sql, query, sql`p`)}`
  return [...found]
}

/** Rows of `alias` in the order of the page, from where it begins. */
const cut = ({ sql, query, offset }: Page, alias: Fragment): Fragment =>
  sql`ORDER BY ${jobOrder(sql, query, alias)} LIMIT ${query.size}::int OFFSET ${offset}::int`

const walkLimit = (query: JobsQuery): number =>
  looksIntoTriggers(query) ? walkedTriggersAtMost : walkedAtMost

const walked = (page: Page): Fragment => page.sql`
  SELECT d.* FROM deliveries d WHERE ${jobsCondition(page.sql, page.query)} ${cut(page, page.sql`d`)}`

/**
 * The inner LIMIT keeps the conditions from being part of the walk, and so the walk from going on for ever; OFFSET 0
 * keeps the planner from reading all triggers instead of those that are passed.
 */
function walkedSome(page: Page): Fragment {
  const { sql, query } = page
  const triggers = looksIntoTriggers(query)
    ? sql`CROSS JOIN LATERAL (SELECT * FROM triggers WHERE id = d.trigger OFFSET 0) AS t`
    : sql``
  return sql`
    SELECT d.* FROM (
      SELECT d.* FROM deliveries d
      WHERE ${jobsOf(sql, query)} ${lowerBound(sql, query)} ${upperBound(sql, query)}
      ORDER BY ${jobOrder(sql, query, sql`d`)} LIMIT ${walkLimit(query)}::int
    ) AS d ${triggers} WHERE ${jobsCondition(sql, query)} ${cut(page, sql`d`)}`
}

/** Sorted without what is only shown. OFFSET 0 keeps the planner from walking the index of the sort here, too. */
const collected = (page: Page): Fragment => {
  const { sql, query } = page
  return sql`
    SELECT d.* FROM (
      SELECT m.id FROM (
        SELECT d.id, d.last_sent_at, d.last_code, d.event_id FROM deliveries d ${searchJoin(sql, query)}
        WHERE ${jobsCondition(sql, query)} OFFSET 0
      ) AS m ${cut(page, sql`m`)}
    ) AS m JOIN deliveries d ON d.id = m.id`
}

function grouped(page: Page): Fragment {
  const { sql, query, offset } = page
  const { by = 'event_id', values = [] } = jobGroups(query) ?? {}
  const member = by === 'event_id' ? sql`d.event_id = g.value` : sql`d.last_code = g.value`
  return sql`
    SELECT m.* FROM unnest(${values}::smallint[]) AS g(value) CROSS JOIN LATERAL (
      SELECT d.* FROM deliveries d WHERE ${member} AND ${jobsCondition(sql, query)}
      ORDER BY d.id ${direction(sql, query.sort.order)} LIMIT ${offset + query.size}::int
    ) AS m ${cut(page, sql`m`)}`
}

async function isGroupable({ sql, query, offset }: Page): Promise<boolean> {
  if (offset + query.size > groupedAtMost || looksIntoTriggers(query)) return false
  if (!isNarrowed(query)) return true
  const [row] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT FROM deliveries d WHERE ${jobsCondition(sql, query)} LIMIT ${few + 1}::int) AS matches`
  return (row?.n ?? 0) > few
}

/** Far behind in a sort by event type, only the types that the page reaches are worth sorting. */
async function reachedGroups(page: Page): Promise<Page> {
  const { sql, query, offset } = page
  if (query.sort.by !== 'event_type' || offset < groupedAtMost) return page
  const counts = await sql<{ eventId: number; n: number }[]>`
    SELECT d.event_id AS "eventId", count(*)::int AS n FROM deliveries d ${searchJoin(sql, query)}
    WHERE ${jobsCondition(sql, query)} GROUP BY d.event_id`
  const { eventIds, skipped } = eventsBetween(query.sort.order, counts, offset, offset + query.size)
  return { sql, query: { ...query, eventIds }, offset: offset - skipped }
}
