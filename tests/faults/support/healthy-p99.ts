import { percentile } from './checks/check-calls.ts'
import { readLedgers } from './checks/read-ledgers.ts'
import type { FaultStack } from './fault-stack.ts'

/** I6: the p99, in ms, from a trigger's acceptance to its first arrival at one of the healthy paths, of what came since. */
export async function healthyP99(
  stack: FaultStack,
  sinceMs: number,
  isHealthy: (path: string) => boolean,
): Promise<number> {
  const { deliveries, received } = await readLedgers(stack)
  const madeAt = new Map(deliveries.map(({ uuid, acceptedAtMs }) => [uuid, acceptedAtMs]))
  const healthy = received.filter(({ path, n, at }) => isHealthy(path) && n === 1 && at >= sinceMs)
  return percentile(
    healthy.map(({ id, at }) => at - (madeAt.get(id) ?? at)),
    0.99,
  )
}
