import { statusCode, type DeliveryId, type SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** The deliveries of one subscription; `status` is the stored code. Filters are AND-ed. */
export type EventFilter = {
  subscription: SubscriptionId
  status?: number
  delivery?: DeliveryId
}

const delivered = statusCode('delivered')

/** The filter as conditions on deliveries d. */
export const whereEvents = (sql: SqlOrTransaction, { subscription, status, delivery }: EventFilter) => sql`
  d.subscription = ${subscription}::int
  ${status === undefined ? sql`` : sql`AND d.status = ${status}::smallint`}
  ${status === undefined || status === delivered ? sql`` : exceptDelivered(sql)}
  ${delivery === undefined ? sql`` : sql`AND d.id = ${delivery}::bigint`}`

/** Says again what the status says, in the words of the partial index: a plan for any status could not know. */
const exceptDelivered = (sql: SqlOrTransaction) => sql`AND d.status <> 2`
