import { createConsumer } from './create-consumer.ts'
import { drainData, fanOutData } from './jobs.ts'
import { limitErrors } from './limit-errors.ts'
import type { OnError } from './limit-errors.ts'
import { openWorker } from './open-worker.ts'
import type { WorkerSettings } from './open-worker.ts'
import { processJob } from './process-job.ts'
import type { QueueConfig } from './queue-config.ts'

export type ConsumerOptions = {
  /** Jobs of one queue at a time. A rejection of `process` is reported and the job is done with. */
  fanOut: { concurrency: number; process: (batchId: number) => Promise<void> }
  /** Batches of the bulk queue: their number says what they can hold of the process at most. */
  bulk: { concurrency: number; process: (batchId: number) => Promise<void> }
  drain: { concurrency: number; process: (subscriptionId: number) => Promise<void> }
  onError: OnError
}

export type Consumers = {
  /** Begins, or goes on after a pause, as soon as the backend is there. */
  start(): void
  /** Takes no more jobs; resolves when those that run have ended. */
  pause(): Promise<void>
  /** All queues were reached and are being read. */
  running(): boolean
  /** Pauses and closes within `deadlineMs`, whatever still runs: such a job comes back once its lock has expired. */
  close(deadlineMs: number): Promise<void>
}

/** Nothing is connected before `start`. */
export const createConsumers = (config: QueueConfig, options: ConsumerOptions): Consumers => {
  const { fanOut, bulk, drain, onError } = options
  const report = limitErrors(onError)
  const consume = (settings: WorkerSettings) => createConsumer(() => openWorker(config, settings), report)
  const consumers = [
    consume({
      name: 'fan-out',
      concurrency: fanOut.concurrency,
      process: processJob(fanOutData, ({ batchId }) => fanOut.process(batchId), onError),
    }),
    consume({
      name: 'bulk',
      concurrency: bulk.concurrency,
      process: processJob(fanOutData, ({ batchId }) => bulk.process(batchId), onError),
    }),
    consume({
      name: 'drain',
      concurrency: drain.concurrency,
      process: processJob(drainData, ({ subscriptionId }) => drain.process(subscriptionId), onError),
    }),
  ]
  return {
    start: () => consumers.forEach((consumer) => consumer.start()),
    pause: async () => {
      await Promise.all(consumers.map((consumer) => consumer.pause()))
    },
    running: () => consumers.every((consumer) => consumer.running()),
    close: async (deadlineMs) => {
      await Promise.all(consumers.map((consumer) => consumer.close(deadlineMs)))
    },
  }
}
