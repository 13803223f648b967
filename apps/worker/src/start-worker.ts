import { databaseHealth, findDurabilityProblem, readBacklog } from '@waybill/db'
import { asBatchId, asSubscriptionId, type BatchId, type SubscriptionId } from '@waybill/domain'
import { createConsumers } from '@waybill/queue'
import { createLoop, startMetricsServer, withDeadline, type Logger, type Loop } from '@waybill/runtime'
import { createLedgerGauges } from './audit/ledger-gauges.ts'
import { watchLedger } from './audit/watch-ledger.ts'
import type { WorkerConfig } from './config.ts'
import { buildDeps, type WorkerDeps } from './deps.ts'
import { drainLane } from './drain/drain-lane.ts'
import { fanOutBatch } from './fan-out/fan-out-batch.ts'
import { readiness } from './health/readiness.ts'
import { watchFacts } from './health/watch-facts.ts'
import { createWatchGauges, type WatchGauges } from './health/watch-gauges.ts'
import { watchSafety } from './health/watch-safety.ts'
import { tellNotices } from './notify/tell-notices.ts'
import { removeHistory } from './retention/remove-history.ts'
import { createSweepLoops } from './sweep/create-sweep-loops.ts'
import { tendPartitions } from './sweep/sweep.ts'

export type RunningWorker = { metricsUrl: string; stop(): Promise<void> }

const hourMs = 3_600_000
const backlogEveryMs = 5_000
const pauseWithinMs = 5_000
const noticesEveryMs = 1_000
/** How often the worker looks whether its connections still lead anywhere, and to a queue that keeps jobs: neither is told. */
const lookEveryMs = 5_000
const askDurabilityEveryMs = 15_000

/** Starts the consumers, the sweep and the probes; `stop` drains in order and loses nothing. */
export async function startWorker(config: WorkerConfig, logger: Logger): Promise<RunningWorker> {
  const deps = await buildDeps(config, logger)
  const fanOut = (batch: BatchId, bulk: boolean) => fanOutBatch(deps, batch, bulk)
  const drain = (subscription: SubscriptionId) => drainLane(deps, subscription)
  const consumers = createConsumers(deps.queue, {
    fanOut: { concurrency: config.concurrency.fanOut, process: (id) => fanOut(asBatchId(id), false) },
    bulk: { concurrency: config.concurrency.bulk, process: (id) => fanOut(asBatchId(id), true) },
    drain: { concurrency: config.concurrency.drain, process: (id) => drain(asSubscriptionId(id)) },
    onError: (error) => logger.warn('queue.failed', { error }),
  })
  const watched = createWatchGauges(deps.metrics.registry, watchFacts(deps))
  const ledger = createLedgerGauges(deps.metrics.registry, () => performance.now())
  const loops = [
    ...createSweepLoops({ ...deps, fanOut, drain }),
    createLoop({ name: 'partitions', everyMs: hourMs, run: () => tendPartitions(deps), logger }),
    createLoop({
      name: 'retention',
      everyMs: config.retentionMs,
      jitter: 0.1,
      run: (signal) => removeHistory(deps, signal),
      logger,
    }),
    createLoop({ name: 'database', everyMs: lookEveryMs, run: async () => look(deps), logger }),
    createLoop({ name: 'queue', everyMs: lookEveryMs, run: watchQueue(deps, watched), logger }),
    createLoop({
      name: 'notices',
      everyMs: noticesEveryMs,
      run: (signal) => tellNotices(deps, signal),
      logger,
    }),
    ...(config.production ? [durabilityLoop(deps, watched)] : []),
    createLoop({ name: 'backlog', everyMs: backlogEveryMs, run: () => measure(deps, watched), logger }),
    createLoop({
      name: 'audit',
      everyMs: config.auditMs,
      run: (signal) => watchLedger(deps, ledger, signal),
      logger,
    }),
  ]
  const state = { stopping: false }
  const server = await startMetricsServer({
    ...config.metrics,
    registry: deps.metrics.registry,
    probes: {
      '/livez': async () => ({ status: 200, body: { status: 'ok' } }),
      '/readyz': () => readiness(deps, () => state.stopping),
    },
    logger,
  })
  consumers.start()
  for (const loop of loops) loop.start()
  const stopInOrder = async () => {
    state.stopping = true
    // First of all: what has not begun stays where it is, and what waits for a slot is left to its lane.
    deps.gate.stop()
    deps.slots.close()
    // Jobs return once their sends have begun; a queue that does not answer must not keep outcomes from being written.
    await withDeadline(consumers.pause(), pauseWithinMs, () => new Error('the queue does not answer')).catch(
      (error: unknown) => logger.warn('queue.not-paused', { error }),
    )
    await Promise.all(loops.map((loop) => loop.stop()))
    await settle(deps)
    await consumers.close(2_000)
    await deps.lease.leave()
    deps.mailer?.close()
    await Promise.all([deps.wakeUps.close(), deps.sender.close(), server.close()])
    await Promise.all([deps.storage.close(), deps.heartbeats.close()])
  }
  let stopped: Promise<void> | undefined
  return { metricsUrl: server.url, stop: () => (stopped ??= stopInOrder()) }
}

function watchQueue({ wakeUps, logger }: WorkerDeps, { queueUnsafe: show }: WatchGauges) {
  return watchSafety({ name: 'queue', ask: () => wakeUps.problem(), show }, logger)
}

/** Elsewhere a database may be fast instead: the start has said so. */
function durabilityLoop({ config, logger }: WorkerDeps, { storageUnsafe: show }: WatchGauges): Loop {
  const ask = () => findDurabilityProblem(config.databaseUrl)
  const run = watchSafety({ name: 'database', ask, show }, logger)
  return createLoop({ name: 'durability', everyMs: askDurabilityEveryMs, run, logger })
}

/** Nothing new begins; what is under way ends by its own deadline and is written. */
async function settle(deps: WorkerDeps): Promise<void> {
  while (deps.held.batches.size() + deps.held.lanes.size() > 0) await deps.pause(10)
  await Promise.all([deps.firstRecorder.idle(), deps.laterRecorder.idle()])
}

/** The heartbeats' connection answers at once or not at all, so it is the first to tell that the database is away. */
function look({ storage, heartbeats }: Pick<WorkerDeps, 'storage' | 'heartbeats'>): void {
  storage.suspect()
  heartbeats.suspect()
}

async function measure(deps: WorkerDeps, watched: WatchGauges): Promise<void> {
  deps.metrics.backlog(await readBacklog(deps.sql))
  watched.partitionDays((await databaseHealth(deps.sql)).partitionDaysAhead)
  const depth = withDeadline(deps.wakeUps.counts(), 2_000, () => new Error('the queue did not answer'))
  deps.metrics.queue(await depth.catch(() => undefined))
}
