import type { DeliveryId, IntegrationId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { selectDeliveries, type DeliveryRecord } from './delivery-record.ts'

/** A delivery of any of these integrations, else undefined. */
export async function findDeliveryInScope(
  sql: SqlOrTransaction,
  integrations: readonly IntegrationId[],
  id: DeliveryId,
): Promise<DeliveryRecord | undefined> {
  const [row] = await sql<DeliveryRecord[]>`
    ${selectDeliveries(sql)} WHERE d.id = ${id}::bigint AND d.integration = ANY(${[...integrations]}::int[])`
  return row
}
