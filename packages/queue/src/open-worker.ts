import { createPostgresBackend, withBackend, Worker } from 'bullmq'
import type { QueueName } from './jobs.ts'
import { closeConnection, guardPool, leaveStandby, postgresOptions } from './postgres-options.ts'
import { defaultPrefix } from './queue-config.ts'
import type { PostgresQueueConfig, QueueConfig, RedisQueueConfig } from './queue-config.ts'
import { consumerRedisOptions } from './redis-options.ts'

/** A job as a worker hands it over: nothing in it is trusted yet. */
export type RawJob = { id?: string | undefined; data: unknown }

/** What a consumer needs of BullMQ's worker. */
export type QueueWorker = {
  waitUntilReady(): Promise<void>
  run(): Promise<void>
  /** Resolves when the jobs that run have ended; with `true`, at once. */
  pause(doNotWaitActive?: boolean): Promise<void>
  resume(): Promise<void>
  isPaused(): boolean
  /** Drops the connections, whatever still runs. */
  close(): Promise<void>
  on(event: 'error', listener: (error: Error) => void): unknown
}

export type WorkerSettings = {
  name: QueueName
  concurrency: number
  process: (job: RawJob) => Promise<void>
}

/**
 * https://docs.bullmq.io/guide/workers. Stalls only give a job back: how often one may crash is counted in Postgres, so
 * BullMQ's own limit is out of reach. No `name`, which would cost a write per job.
 */
const workerOptions = {
  autorun: false,
  lockDuration: 60_000,
  stalledInterval: 15_000,
  maxStalledCount: 1_000,
  drainDelay: 2,
  runRetryDelay: 1_000,
  removeOnComplete: { count: 0 },
  removeOnFail: { count: 0 },
}

/** Opens a worker that takes nothing before `run`. */
export const openWorker = (config: QueueConfig, settings: WorkerSettings): QueueWorker =>
  config.backend === 'redis' ? openRedisWorker(config, settings) : openPostgresWorker(config, settings)

const openRedisWorker = (
  config: RedisQueueConfig,
  { name, concurrency, process }: WorkerSettings,
): QueueWorker => {
  const connection = { ...consumerRedisOptions, url: config.redisUrl }
  const prefix = config.prefix ?? defaultPrefix
  const worker = new Worker(name, process, { ...workerOptions, connection, prefix, concurrency })
  return withClose(worker, () => worker.close(true))
}

const openPostgresWorker = (
  config: PostgresQueueConfig,
  { name, concurrency, process }: WorkerSettings,
): QueueWorker => {
  const postgres = withBackend(createPostgresBackend)
  const connection = postgresOptions(config)
  const worker = new postgres.Worker(name, process, { ...workerOptions, connection, concurrency })
  guardPool(worker.getBackend().connection)
  worker.on('error', (error) => void leaveStandby(worker.getBackend().connection, error))
  return withClose(worker, async () => {
    await closeConnection(worker.getBackend().connection)
    await worker.close(true)
  })
}

const withClose = (worker: Omit<QueueWorker, 'close'>, close: () => Promise<void>): QueueWorker => ({
  waitUntilReady: () => worker.waitUntilReady(),
  run: () => worker.run(),
  pause: (doNotWaitActive) => worker.pause(doNotWaitActive),
  resume: () => worker.resume(),
  isPaused: () => worker.isPaused(),
  on: (event, listener) => worker.on(event, listener),
  close,
})
