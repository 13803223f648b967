import { isGood, readLedgers } from './checks/read-ledgers.ts'
import type { FaultStack } from './fault-stack.ts'

/** The longest time from a trigger's acceptance to the first request of one of its deliveries that was answered 2xx, ms. */
export async function slowestDelivery(stack: FaultStack): Promise<number> {
  const { deliveries, received } = await readLedgers(stack)
  const arrivedAt = new Map<string, number>()
  for (const { id, at, status } of received) if (isGood(status) && !arrivedAt.has(id)) arrivedAt.set(id, at)
  const took = deliveries.flatMap(({ uuid, acceptedAtMs }) => {
    const at = arrivedAt.get(uuid)
    return at === undefined ? [] : [at - acceptedAtMs]
  })
  return Math.max(0, ...took)
}
