import { hasOnlyFailed, keepLaneHealth, retryDeadlocks } from '@waybill/db'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'
import type { DrainDeps } from './claim-turn.ts'
import type { LaneWatch } from './watch-lane.ts'

/**
 * Keeps what a turn has learnt with its lane. A subscription that has done nothing but fail for as long as its profile
 * bears is made inactive; first attempts that were delivered meanwhile speak for it.
 */
export async function keepHealth({
  deps,
  subscriber,
  watch,
}: {
  deps: Pick<DrainDeps, 'sql' | 'lease' | 'deactivate'>
  subscriber: Subscriber
  watch: LaneWatch
}): Promise<void> {
  const report = watch.report()
  if (!report) return
  const failingMs = await retryDeadlocks(() =>
    keepLaneHealth(deps.sql, subscriber.id, deps.lease.worker, report),
  )
  const { deactivateAfterFailingMs: mostMs } = subscriber.settings
  if (mostMs === null || failingMs < mostMs) return
  if (await hasOnlyFailed(deps.sql, subscriber.id, mostMs)) deps.deactivate(subscriber.id, 'failing')
}
