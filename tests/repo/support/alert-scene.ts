import type { Backlog } from '@waybill/db'
import { createApiMetrics } from '../../../apps/api/src/metrics.ts'
import { createLedgerGauges } from '../../../apps/worker/src/audit/ledger-gauges.ts'
import type { LedgerReport } from '../../../apps/worker/src/audit/audit-ledger.ts'
import { createWatchGauges } from '../../../apps/worker/src/health/watch-gauges.ts'
import { createWorkerMetrics } from '../../../apps/worker/src/metrics.ts'
import type { Scrape } from '../../support/evaluate-rule.ts'

const noBacklog: Backlog = {
  unclaimedBatches: 0,
  oldestUnclaimedSeconds: 0,
  dueNow: 0,
  oldestDueSeconds: 0,
  quarantinedBatches: 0,
}

const wholeLedger: LedgerReport = {
  window: { from: 0, to: 1 },
  open: { batches: 0, unplanned: 0, sending: 0, oldestSeconds: 0 },
  balance: {
    accepted: 100,
    matched: 100,
    deliveries: { delivered: 98, failed: 1, skipped: 0, duplicated: 0, ignored: 0, pending: 1 },
    retrying: 1,
    missing: 0,
  },
  violations: [],
  truncated: false,
  waiting: [],
}

export type Scene = ReturnType<typeof openScene>

/** An api's and a worker's real metrics, told of a quiet day; what goes wrong is told by the test. */
export function openScene() {
  const facts = {
    queueReady: true,
    storageUp: true,
    skewMs: 0,
    inUse: 0.1,
    unrecorded: 0,
    monotonicMs: 0,
    heldMs: 0,
  }
  const api = createApiMetrics({ queueReady: () => facts.queueReady, wakeUpsDropped: () => 0 })
  const worker = createWorkerMetrics({
    firstAttempts: () => 0,
    retries: () => 0,
    slow: () => 0,
    unrecorded: () => facts.unrecorded,
    largePayloads: () => ({ firstAttempts: 0, retries: 0 }),
  })
  const watch = createWatchGauges(worker.registry, {
    storageUp: () => facts.storageUp,
    queueReady: () => facts.queueReady,
    databaseNowMs: () => 1_000_000,
    nowMs: () => 1_000_000 + facts.skewMs,
    inUse: () => ({ first: facts.inUse, retry: 0 }),
    heldMs: () => ({ batch: facts.heldMs, lane: 0 }),
  })
  const gauges = createLedgerGauges(worker.registry, () => facts.monotonicMs)
  const quietDay = () => {
    api.accepted(100)
    for (let i = 0; i < 100; i += 1) api.answered('/v1/triggers', 'POST', 202, 3)
    api.answered('/v1/triggers', 'POST', 503, 3)
    worker.backlog(noBacklog)
    worker.queue({ fanOut: 1, bulk: 1, drain: 1 })
    worker.history({
      days: 30,
      partitionDays: 2,
      floor: 0,
      tables: [{ table: 'triggers', partitions: 5, oldestDays: 3, blocked: [] }],
    })
    watch.partitionDays(7)
    watch.queueUnsafe(false)
    watch.storageUnsafe(false)
    gauges.show(wholeLedger)
  }
  quietDay()
  let atMs = 0
  return {
    api,
    worker,
    watch,
    facts,
    quietDay,
    backlog: (changes: Partial<Backlog>) => worker.backlog({ ...noBacklog, ...changes }),
    ledger: (changes: Partial<LedgerReport>) => gauges.show({ ...wholeLedger, ...changes }),
    balance: wholeLedger.balance,
    /** What Prometheus reads now, a minute after the last time. */
    scrape: async (): Promise<Scrape> => {
      atMs += 60_000
      return { atMs, pages: { api: await api.registry.metrics(), worker: await worker.registry.metrics() } }
    },
  }
}
