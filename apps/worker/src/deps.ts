import { hostname } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { deactivateSubscription, deriveMasterKeys, createStorage, type Sql, type Storage } from '@waybill/db'
import { createPublicIds, type BatchId, type PublicIds, type SubscriptionId } from '@waybill/domain'
import { createAddressPolicy, createGuardedLookup, createSender, type Sender } from '@waybill/egress'
import { openMailer, type Mailer } from '@waybill/mail'
import { checkQueue, createWakeUps, queueConfigFrom, type QueueConfig, type WakeUps } from '@waybill/queue'
import { createSemaphore, type Logger, type Semaphore } from '@waybill/runtime'
import type { WorkerConfig } from './config.ts'
import { attemptDelivery, type AttemptResult, type DueAttempt } from './delivery/attempt-delivery.ts'
import { createBreakers, type Breakers } from './delivery/create-breakers.ts'
import { createBusyMeter, type BusyMeter } from './delivery/create-busy-meter.ts'
import { createSendGate, type SendGate } from './delivery/create-send-gate.ts'
import { createPayloadRoom, type PayloadRoom } from './delivery/create-payload-room.ts'
import { createRetrySlots, type RetrySlots } from './delivery/create-retry-slots.ts'
import { createSendSlots, type SendSlots } from './delivery/create-send-slots.ts'
import { createTellNotSent, type TellNotSent } from './delivery/not-sent.ts'
import { createKeepsUp } from './delivery/event-loop-meter.ts'
import { createSuspectTurns, type SuspectTurns } from './drain/create-suspect-turns.ts'
import { unwellToOpen } from './drain/lane-health.ts'
import { checkInstallation } from './check-installation.ts'
import { createHeld, type Held } from './lease/create-held.ts'
import { createLease, type Lease } from './lease/create-lease.ts'
import { createWorkerMetrics, type WorkerMetrics } from './metrics.ts'
import { createFirstRecorder, type FirstRecorder } from './record/create-first-recorder.ts'
import { createLaterRecorder, type LaterRecorder } from './record/create-later-recorder.ts'
import { createSnapshot, type Snapshot } from './subscriptions/create-snapshot.ts'

/** Everything the worker's steps are given; the only place that knows the real clock, chance and services. */
export type WorkerDeps = {
  config: WorkerConfig
  logger: Logger
  storage: Storage
  /** The lease's connection. */
  heartbeats: Storage
  /** Read it anew at each use: after an outage it is another pool. */
  readonly sql: Sql
  queue: QueueConfig
  wakeUps: WakeUps
  sender: Sender
  lease: Lease
  snapshot: Snapshot
  slots: SendSlots
  retrySlots: RetrySlots
  payloadRoom: PayloadRoom
  suspectTurns: SuspectTurns
  /** Bulk batches that may begin at once, whether the queue or the sweep brings them. */
  bulkRuns: Semaphore
  gate: SendGate
  busy: BusyMeter
  breakers: Breakers
  firstRecorder: FirstRecorder
  laterRecorder: LaterRecorder
  attempt: (due: DueAttempt) => Promise<AttemptResult>
  notSent: TellNotSent
  /** Makes a subscription inactive in the background; what its endpoint answered will say so again if this fails. */
  deactivate: (subscription: SubscriptionId, reason: string) => void
  metrics: WorkerMetrics
  publicIds: PublicIds
  /** Undefined: mails are off. */
  mailer: Mailer | undefined
  pause: (ms: number) => Promise<void>
  /** What this worker has in its hands. */
  held: { batches: Held<BatchId>; lanes: Held<SubscriptionId> }
}

/** No statement runs longer than this: a server that has not answered by then is away. */
const statementTimeoutMs = 10_000

/** Exit code of a worker whose lease was taken by others. */
const leaseLostExitCode = 70

/**
 * Opens everything. Throws when the database cannot be reached, is not migrated, was made with another key or would lose
 * commits, and when the queue is set up so that it would lose jobs.
 */
export async function buildDeps(config: WorkerConfig, logger: Logger): Promise<WorkerDeps> {
  const { storage, heartbeats } = openStorage(config, logger)
  const keys = deriveMasterKeys(config.secrets.masterKey)
  await checkInstallation(storage.sql, keys, config.production, logger)
  const queue = queueConfigFrom(config)
  await refuseBadQueue(queue)
  const wakeUps = createWakeUps(queue, { onError: (error) => logger.warn('queue.failed', { error }) })
  const lease = await createLease({
    storage: heartbeats,
    host: hostname(),
    ...config.lease,
    logger,
    onLost: () => leaseLost(logger),
  })
  const sleep = (ms: number): Promise<void> => pause(ms)
  const monotonicMs = () => performance.now()
  const firstRecorder = createFirstRecorder({
    storage,
    worker: lease.worker,
    logger,
    pause: sleep,
    recorded: (outcomes) => {
      for (const { subscription, due } of outcomes) if (due) wakeUps.drain(subscription, due.delayMs)
    },
  })
  const laterRecorder = createLaterRecorder({ storage, logger, pause: sleep })
  const keepsUp = createKeepsUp()
  const slots = createSendSlots({ total: config.inFlight.firstAttempts, keepsUp })
  const busy = createBusyMeter()
  const retrySlots = createRetrySlots({ total: config.inFlight.retries, keepsUp })
  const payloadRoom = createPayloadRoom(config.payloadRoomBytes)
  const breakers = createBreakers({ unwellToOpen })
  const unrecorded = () => oldestOf(firstRecorder.pending(), laterRecorder.pending())
  const metrics = createWorkerMetrics({
    firstAttempts: () => slots.inUse(),
    retries: () => retrySlots.inUse(),
    slow: () => slots.slow() + retrySlots.slow(),
    unrecorded: () => unrecorded().rows,
    largePayloads: () => payloadRoom.inUse(),
  })
  const sender = openSender(config, keepsUp)
  const publicIds = createPublicIds(keys.publicIds)
  const attemptDeps = { sender, publicIds, lease, metrics, random: Math.random }
  return {
    config,
    logger,
    storage,
    heartbeats,
    sql: storage.sql,
    queue,
    wakeUps,
    sender,
    lease,
    snapshot: createSnapshot({ storage, keys, scheduleScale: config.scheduleScale, logger }),
    slots,
    retrySlots,
    payloadRoom,
    suspectTurns: createSuspectTurns(),
    bulkRuns: createSemaphore(config.concurrency.bulk),
    breakers,
    gate: createSendGate({
      leaseHolds: () => lease.holds(),
      unrecorded,
      isBusy: () => busy.isBusy(),
      pause: sleep,
    }),
    busy,
    firstRecorder,
    laterRecorder,
    attempt: (due) => attemptDelivery(attemptDeps, due),
    notSent: createTellNotSent({ logger, metrics, pause: sleep }),
    deactivate: (subscription, reason) => void deactivate({ storage, logger }, subscription, reason),
    metrics,
    publicIds,
    mailer: openMailer({ smtpUrl: config.secrets.smtpUrl, from: config.mailFrom }),
    pause: sleep,
    held: { batches: createHeld(monotonicMs), lanes: createHeld(monotonicMs) },
  }
}

function openSender(config: WorkerConfig, keepsUp: () => boolean): Sender {
  const policy = createAddressPolicy({ allow: config.egressAllow })
  return createSender({
    policy,
    lookup: createGuardedLookup({ policy, ...(config.dnsServers ? { servers: config.dnsServers } : {}) }),
    // Enough for endpoints that answer. Who may send has a slot: the pool must not be the narrower place for long, or those
    // that hang would use up the deadlines of others on their host.
    connectionsPerOrigin: 128,
    connectionPatienceMs: 100,
    keepsUp,
  })
}

/** A queue that is away comes back by itself, and is then watched; one that is set up wrongly does not. */
async function refuseBadQueue(queue: QueueConfig): Promise<void> {
  const problem = await checkQueue(queue).catch(() => undefined)
  if (problem !== undefined) throw new Error(`the queue cannot be used: ${problem}`)
}

const deactivateTries = 10

/** Tries for half a minute: where the schedule has ended, nothing else would say it again. */
async function deactivate(
  { storage, logger }: { storage: Storage; logger: Logger },
  subscription: SubscriptionId,
  reason: string,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      if (await deactivateSubscription(storage.orm, subscription, reason))
        logger.warn('subscription.deactivated', { subscription, reason })
      return
    } catch (error) {
      logger.error('subscription.not-deactivated', { subscription, reason, tries, error })
      if (tries >= deactivateTries) return
      await pause(500 * tries)
    }
  }
}

function openStorage({ databaseUrl: url }: WorkerConfig, logger: Logger) {
  const main = {
    url,
    applicationName: 'waybill-worker',
    hotConnections: 6,
    otherConnections: 2,
    readConnections: 1,
  }
  // Of its own: a heartbeat must not queue behind slow statements.
  const beat = { url, applicationName: 'waybill-heartbeat', hotConnections: 1, otherConnections: 1 }
  return {
    storage: createStorage({ ...main, statementTimeoutMs }, logger, { probeMs: statementTimeoutMs }),
    heartbeats: createStorage({ ...beat, statementTimeoutMs: 5_000 }, logger),
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
