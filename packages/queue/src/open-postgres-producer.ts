import { setTimeout as sleep } from 'node:timers/promises'
import { createPostgresBackend, withBackend } from 'bullmq'
import { mapQueues, queueNames } from './jobs.ts'
import type { QueueName } from './jobs.ts'
import type { OnError } from './limit-errors.ts'
import { toError } from './limit-errors.ts'
import { guardPool, postgresOptions } from './postgres-options.ts'
import { queueOptions } from './producer.ts'
import type { Producer } from './producer.ts'
import type { PostgresQueueConfig } from './queue-config.ts'
import { QueueError } from './queue-error.ts'
import { countsOf } from './queue-metrics.ts'

const { Queue } = withBackend(createPostgresBackend)
const probeEveryMs = 1_000

/**
 * The queues over a small pool each. BullMQ remembers a first connection that failed and never tries again, so queues
 * are opened anew until both answered once; from then on the pools replace lost connections.
 */
export const openPostgresProducer = (config: PostgresQueueConfig, onError: OnError): Producer => {
  const closing = new AbortController()
  let queues: Queues | undefined
  let ready = false
  let watching = false

  const lost = (error: Error): void => {
    if (closing.signal.aborted) return
    ready = false
    onError(error)
    void watch()
  }

  const watch = async (): Promise<void> => {
    if (watching) return
    watching = true
    while (!ready && !closing.signal.aborted) {
      try {
        queues ??= await openQueues(config, lost)
        await probe(queues)
        ready = true
      } catch (error) {
        onError(toError(error))
        await sleep(probeEveryMs, undefined, { signal: closing.signal }).catch(() => undefined)
      }
    }
    watching = false
    if (closing.signal.aborted && queues) await closeQueues(queues)
  }

  const opened = (): Queues => {
    if (!queues) throw new QueueError('queue_not_ready', 'the queue was not reached yet')
    return queues
  }

  void watch()
  return {
    ready: () => ready,
    add: async (job) => {
      try {
        return await opened()[job.queue].add(job.name, job.data, job.opts)
      } catch (error) {
        lost(toError(error))
        throw error
      }
    },
    counts: () => countsOf(opened()),
    ping: async () => probe(opened()),
    // Its schema changes with migrations only.
    problem: async () => undefined,
    close: async () => {
      closing.abort()
      ready = false
      if (queues && !watching) await closeQueues(queues)
    },
  }
}

type PostgresQueue = InstanceType<typeof Queue>
type Queues = Record<QueueName, PostgresQueue>

const openQueues = async (config: PostgresQueueConfig, onError: OnError): Promise<Queues> => {
  const queues = mapQueues((name) => openQueue(name, config, onError))
  try {
    await Promise.all(queueNames.map((name) => queues[name].waitUntilReady()))
    return queues
  } catch (error) {
    await closeQueues(queues)
    throw error
  }
}

const openQueue = (name: QueueName, config: PostgresQueueConfig, onError: OnError): PostgresQueue => {
  const queue = new Queue(name, { ...queueOptions, connection: postgresOptions(config) })
  queue.on('error', onError)
  guardPool(queue.getBackend().connection)
  return queue
}

const probe = async (queues: Queues): Promise<void> => {
  await Promise.all(
    Object.values(queues).map((queue) => queue.getBackend().connection.pool.query('SELECT 1')),
  )
}

const closeQueues = async (queues: Queues): Promise<void> => {
  await Promise.allSettled(queueNames.map((name) => queues[name].close()))
}
