import type { PendingQuery, Row } from 'postgres'
import {
  dayOf,
  firstIdOfDay,
  type DeliveryId,
  type IntegrationId,
  type SubscriptionId,
  type TriggerId,
} from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { selectDeliveries, type DeliveryRecord } from './delivery-record.ts'

type Fragment = PendingQuery<Row[]>

/** Filters are AND-ed. `before` is the id the page ends in front of: newest first. */
export type DeliveryFilter = {
  integrations: readonly IntegrationId[]
  status?: readonly number[]
  subscription?: SubscriptionId
  trigger?: TriggerId
  eventIds?: readonly number[]
  code?: number
  orderId?: string
  createdAfter?: Date
  createdBefore?: Date
  before?: DeliveryId
}

/** One page of deliveries, newest first; keyset, so it stays stable while new ones arrive. */
export async function listDeliveries(
  sql: Sql,
  filter: DeliveryFilter,
  limit: number,
): Promise<DeliveryRecord[]> {
  const parts = [
    filter.status && sql`AND d.status = ANY(${[...filter.status]}::smallint[])`,
    filter.subscription !== undefined && sql`AND d.subscription = ${filter.subscription}::int`,
    filter.trigger !== undefined &&
      sql`AND d.trigger = ${filter.trigger}::bigint AND d.id >= ${firstIdOfDay(dayOf(filter.trigger))}::bigint`,
    filter.eventIds && sql`AND d.event_id = ANY(${[...filter.eventIds]}::smallint[])`,
    filter.code !== undefined && sql`AND d.last_code = ${filter.code}::smallint`,
    filter.orderId !== undefined && sql`AND t.order_id = ${filter.orderId}::text`,
    filter.createdAfter && sql`AND d.created_at > ${filter.createdAfter}::timestamptz`,
    filter.createdBefore && sql`AND d.created_at < ${filter.createdBefore}::timestamptz`,
    filter.before !== undefined && sql`AND d.id < ${filter.before}::bigint`,
  ]
  // An empty list of fragments would be taken for a parameter.
  const and = parts.reduce<Fragment>((all, part) => (part ? sql`${all} ${part}` : all), sql``)
  const rows = await sql<DeliveryRecord[]>`
    ${selectDeliveries(sql)}
    WHERE d.integration = ANY(${[...filter.integrations]}::int[]) ${and}
    ORDER BY d.id DESC LIMIT ${limit}::int`
  return [...rows]
}
