import type { IntegrationId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { selectDeliveries, type DeliveryRecord } from './delivery-record.ts'

/** The PlanOmatic jobs index asks this: one integration's deliveries, sorted, paged by number. */
export type JobsQuery = {
  integration: IntegrationId
  profiles: readonly number[]
  statusCodes?: readonly number[]
  sort: { by: 'status_code' | 'event_type' | 'last_sent_at'; order: 'asc' | 'desc' }
  size: number
  /** From 1. */
  page: number
}

const where = (sql: Sql, query: JobsQuery) => sql`
  WHERE d.integration = ${query.integration}::int AND d.profile = ANY(${[...query.profiles]}::smallint[])
    ${query.statusCodes ? sql`AND d.last_code = ANY(${[...query.statusCodes]}::smallint[])` : sql``}`

/** One page; ties are broken by id in the direction of the sort, so pages neither repeat nor skip. */
export async function listJobs(sql: Sql, query: JobsQuery): Promise<DeliveryRecord[]> {
  const ascending = query.sort.order === 'asc'
  // As the indexes are ordered: deliveries that were never sent stand behind all others when the newest come first.
  const nullable = ascending ? sql`ASC NULLS FIRST` : sql`DESC NULLS LAST`
  const plain = ascending ? sql`ASC` : sql`DESC`
  const order = {
    status_code: sql`d.last_code ${nullable}`,
    event_type: sql`d.event_id ${plain}`,
    last_sent_at: sql`d.last_sent_at ${nullable}`,
  }[query.sort.by]
  const rows = await sql<DeliveryRecord[]>`
    ${selectDeliveries(sql)} ${where(sql, query)}
    ORDER BY ${order}, d.id ${plain}
    LIMIT ${query.size}::int OFFSET ${(query.page - 1) * query.size}::int`
  return [...rows]
}

/** How many the query has in all. */
export async function countJobs(sql: Sql, query: JobsQuery): Promise<number> {
  const [row] = await sql<{ n: number }[]>`SELECT count(*)::int AS n FROM deliveries d ${where(sql, query)}`
  return row?.n ?? 0
}
