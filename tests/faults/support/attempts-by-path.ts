import { readLedgers, type StoredAttempt } from './checks/read-ledgers.ts'
import type { FaultStack } from './fault-stack.ts'

/** All attempts, by the path of their subscription. */
export async function attemptsByPath(stack: FaultStack): Promise<Map<string, StoredAttempt[]>> {
  const { attempts, deliveries } = await readLedgers(stack)
  const subscriptionOf = new Map(deliveries.map(({ uuid, subscription }) => [uuid, subscription]))
  return new Map(
    stack.subscriptions.map(({ id, path }) => [
      path,
      attempts.filter(({ uuid }) => subscriptionOf.get(uuid) === id),
    ]),
  )
}
