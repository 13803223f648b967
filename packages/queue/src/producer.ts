import type { WakeUpJob, QueueName } from './jobs.ts'
import type { QueueCounts } from './queue-metrics.ts'

/** What the sending side needs of a backend. */
export type Producer = {
  /** False while a job handed over now would wait instead of leave. */
  ready(): boolean
  add(job: WakeUpJob): Promise<unknown>
  counts(): Promise<Record<QueueName, QueueCounts>>
  ping(): Promise<unknown>
  /** What is wrong with the backend's settings, or nothing. */
  problem(): Promise<string | undefined>
  close(): Promise<void>
}

/**
 * `removeOn…` as options of the job and not of the worker: on Postgres that deletes one row by its key, where a count of
 * zero compares all finished ones. Events cannot be switched off, only kept short; nobody reads them.
 */
export const queueOptions = {
  defaultJobOptions: { attempts: 1, removeOnComplete: true, removeOnFail: true },
  streams: { events: { maxLen: 100 } },
}
