import type { WorkerDeps } from '../deps.ts'
import type { WatchedFacts } from './watch-gauges.ts'

/** Where the gauges of a running worker read. */
export function watchFacts(
  deps: Pick<
    WorkerDeps,
    'storage' | 'heartbeats' | 'wakeUps' | 'lease' | 'slots' | 'retrySlots' | 'held' | 'config'
  >,
): WatchedFacts {
  const { firstAttempts, retries } = deps.config.inFlight
  return {
    storageUp: () => deps.storage.up() && deps.heartbeats.up(),
    queueReady: () => deps.wakeUps.ready(),
    databaseNowMs: () => deps.lease.nowMs(),
    nowMs: () => Date.now(),
    heldMs: () => ({ batch: deps.held.batches.oldestMs(), lane: deps.held.lanes.oldestMs() }),
    inUse: () => ({ first: deps.slots.inUse() / firstAttempts, retry: deps.retrySlots.inUse() / retries }),
  }
}
