import type { DeliveryId, SubscriptionId, TriggerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { largeTriggerColumns, toLargeTrigger, type LargeTriggerRow } from '../triggers/stored-trigger.ts'
import type { MarkedRow } from './mark-due.ts'
import type { SlicedDelivery } from './slice-lane.ts'

type DeliveryRow = {
  id: DeliveryId
  trigger: TriggerId
  revision: number
  profile: number
  generation: number
  attempts: number
}

/**
 * What marked deliveries need to be sent, in the order of their ids; not those that a person ignored or redelivered since
 * they became due. Data that is large is left out. Both readings are bounded by ids.
 */
export async function readMarked(
  sql: SqlOrTransaction,
  subscription: SubscriptionId,
  marked: readonly MarkedRow[],
): Promise<SlicedDelivery[]> {
  const ids = marked.map((row) => row.delivery)
  const deliveries = await sql<DeliveryRow[]>`
    SELECT id, trigger, revision, profile, generation, attempts FROM deliveries
    WHERE id = ANY(${ids}::bigint[]) AND id >= ${Math.min(...ids)}::bigint AND id <= ${Math.max(...ids)}::bigint
    ORDER BY id`
  if (deliveries.length === 0) return []
  const triggerIds = [...new Set(deliveries.map((row) => row.trigger))]
  const triggers = await sql<LargeTriggerRow[]>`
    SELECT ${largeTriggerColumns(sql)} FROM triggers t
    WHERE t.id = ANY(${triggerIds}::bigint[]) AND t.id >= ${Math.min(...triggerIds)}::bigint
      AND t.id <= ${Math.max(...triggerIds)}::bigint`
  const triggerOf = new Map(triggers.map((row) => [row.id, toLargeTrigger(row)]))
  const markOf = new Map(marked.map((row) => [row.delivery, row]))
  return deliveries.flatMap(({ id, trigger, ...delivery }) => {
    const mark = markOf.get(id)
    const stored = triggerOf.get(trigger)
    if (!mark || mark.generation !== delivery.generation || !stored) return []
    const { died: _died, ...due } = mark
    return [{ ...due, ...delivery, subscription, trigger: stored }]
  })
}
