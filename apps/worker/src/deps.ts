import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import {
  checkMasterKey,
  deactivateSubscription,
  deriveMasterKeys,
  openDatabase,
  type Database,
  type Sql,
} from '@waybill/db'
import { createPublicIds, type BatchId, type SubscriptionId } from '@waybill/domain'
import { createAddressPolicy, createSender, type Sender } from '@waybill/egress'
import { createWakeUps, queueConfigFrom, type QueueConfig, type WakeUps } from '@waybill/queue'
import { createSemaphore, type Logger, type Semaphore } from '@waybill/runtime'
import type { WorkerConfig } from './config.ts'
import { attemptDelivery, type AttemptResult, type DueAttempt } from './delivery/attempt-delivery.ts'
import { createSendGate, type SendGate } from './delivery/create-send-gate.ts'
import { createSendSlots, type SendSlots } from './delivery/create-send-slots.ts'
import { createLease, type Lease } from './lease/create-lease.ts'
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts'
import { createFirstRecorder, type FirstRecorder } from './record/create-first-recorder.ts'
import { createLaterRecorder, type LaterRecorder } from './record/create-later-recorder.ts'
import { createSnapshot, type Snapshot } from './subscriptions/create-snapshot.ts'

/** Everything the worker's steps are given; the only place that knows the real clock, chance and services. */
export type WorkerDeps = {
  config: WorkerConfig
  logger: Logger
  database: Database
  /** The lease's connection. */
  heartbeats: Database
  sql: Sql
  queue: QueueConfig
  wakeUps: WakeUps
  sender: Sender
  lease: Lease
  snapshot: Snapshot
  slots: SendSlots
  retrySlots: Semaphore
  gate: SendGate
  firstRecorder: FirstRecorder
  laterRecorder: LaterRecorder
  attempt: (due: DueAttempt) => Promise<AttemptResult>
  /** Makes a subscription inactive in the background; what its endpoint answered will say so again if this fails. */
  deactivate: (subscription: SubscriptionId, reason: string) => void
  metrics: WorkerMetrics
  pause: (ms: number) => Promise<void>
  /** What this worker has in its hands. */
  held: { batches: Set<BatchId>; lanes: Set<SubscriptionId> }
}

/** Exit code of a worker whose lease was taken by others. */
const leaseLostExitCode = 70

/** Opens everything. Throws when the database cannot be reached, is not migrated or was made with another key. */
export async function buildDeps(config: WorkerConfig, logger: Logger): Promise<WorkerDeps> {
  const database = openDatabase({
    url: config.databaseUrl,
    applicationName: 'waybill-worker',
    hotConnections: 6,
    otherConnections: 2,
    statementTimeoutMs: 10_000,
  })
  const { sql } = database
  const keys = deriveMasterKeys(config.secrets.masterKey)
  await checkMasterKey(sql, keys)
  const queue = queueConfigFrom(config)
  const wakeUps = createWakeUps(queue, { onError: (error) => logger.warn('queue.failed', { error }) })
  // Of its own: a heartbeat must not queue behind slow statements.
  const heartbeats = openDatabase({
    url: config.databaseUrl,
    applicationName: 'waybill-heartbeat',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 5_000,
  })
  const lease = await createLease({
    sql: heartbeats.sql,
    host: hostname(),
    ...config.lease,
    logger,
    onLost: () => leaseLost(logger),
  })
  const sleep = (ms: number): Promise<void> => pause(ms)
  const firstRecorder = createFirstRecorder({
    sql,
    worker: lease.worker,
    logger,
    pause: sleep,
    recorded: (outcomes) => {
      for (const { subscription, due } of outcomes) if (due) wakeUps.drain(subscription, due.delayMs)
    },
  })
  const laterRecorder = createLaterRecorder({ sql, logger, pause: sleep })
  const slots = createSendSlots({ total: config.inFlight.firstAttempts })
  const retrySlots = createSemaphore(config.inFlight.retries)
  const unrecorded = () => oldestOf(firstRecorder.pending(), laterRecorder.pending())
  const metrics = createWorkerMetrics({
    firstAttempts: () => slots.inUse(),
    retries: () => retrySlots.inUse(),
    unrecorded: () => unrecorded().rows,
  })
  const sender = createSender({
    policy: createAddressPolicy({ allow: config.egressAllow }),
    // In-flight limits are the subscriptions' own; the pool must not be the narrower place.
    connectionsPerOrigin: 128,
  })
  const publicIds = createPublicIds(keys.publicIds)
  const attemptDeps = { sender, publicIds, lease, metrics, random: Math.random }
  return {
    config,
    logger,
    database,
    heartbeats,
    sql,
    queue,
    wakeUps,
    sender,
    lease,
    snapshot: createSnapshot({ sql, keys, scheduleScale: config.scheduleScale, logger }),
    slots,
    retrySlots,
    gate: createSendGate({ leaseHolds: () => lease.holds(), unrecorded, pause: sleep }),
    firstRecorder,
    laterRecorder,
    attempt: (due) => attemptDelivery(attemptDeps, due),
    deactivate: (subscription, reason) => {
      deactivateSubscription(database.orm, subscription, reason).then(
        (done) => done && logger.warn('subscription.deactivated', { subscription, reason }),
        (error: unknown) => logger.error('subscription.not-deactivated', { subscription, reason, error }),
      )
    },
    metrics,
    pause: sleep,
    held: { batches: new Set(), lanes: new Set() },
  }
}

type Pending = { rows: number; oldestAgeMs: number }

const oldestOf = (a: Pending, b: Pending): Pending => ({
  rows: a.rows + b.rows,
  oldestAgeMs: Math.max(a.oldestAgeMs, b.oldestAgeMs),
})

function leaseLost(logger: Logger): void {
  logger.error('lease.lost', { exitCode: leaseLostExitCode })
  setImmediate(() => process.exit(leaseLostExitCode))
}
