import { Queue } from 'bullmq'
import { Redis } from 'ioredis'
import { findEviction } from './find-eviction.ts'
import { mapQueues, queueNames } from './jobs.ts'
import type { QueueName } from './jobs.ts'
import type { OnError } from './limit-errors.ts'
import { toError } from './limit-errors.ts'
import { queueOptions } from './producer.ts'
import type { Producer } from './producer.ts'
import { defaultPrefix } from './queue-config.ts'
import type { RedisQueueConfig } from './queue-config.ts'
import { countsOf } from './queue-metrics.ts'
import { producerRedisOptions } from './redis-options.ts'

type Queues = Record<QueueName, Queue>

/** A connection over which nothing is sent says nothing of a server that vanished; one that is asked is given up. */
const askEveryMs = 5_000

/** The queues over one connection, which comes back by itself for as long as it is not closed. */
export const openRedisProducer = (config: RedisQueueConfig, onError: OnError): Producer => {
  const client = new Redis(config.redisUrl, producerRedisOptions)
  const queues: Queues = mapQueues(open)
  let opened = false

  function open(name: QueueName): Queue {
    const prefix = config.prefix ?? defaultPrefix
    // Without the version check a connection that breaks at the wrong moment cannot leave the queue unusable for good.
    const options = {
      ...queueOptions,
      connection: client,
      prefix,
      skipVersionCheck: true,
      skipMetasUpdate: true,
    }
    const queue = new Queue(name, options)
    queue.on('error', () => undefined) // the client's errors once more
    return queue
  }

  client.on('error', onError)
  // At every return, because the setting lives in Redis and goes with its memory.
  client.on('ready', () => {
    shortenEvents(client, queues).catch((error: unknown) => onError(toError(error)))
  })
  Promise.all(queueNames.map((name) => queues[name].waitUntilReady())).then(
    () => (opened = true),
    (error: unknown) => onError(toError(error)),
  )

  const asking = setInterval(() => {
    if (client.status === 'ready') client.ping().catch(() => undefined)
  }, askEveryMs).unref()

  return {
    ready: () => opened && client.status === 'ready',
    add: (job) => queues[job.queue].add(job.name, job.data, job.opts),
    counts: () => countsOf(queues),
    ping: () => client.ping(),
    problem: () => findEviction(client),
    close: async () => {
      clearInterval(asking)
      await Promise.all(queueNames.map((name) => queues[name].close()))
      client.disconnect()
    },
  }
}

/** Writes the setting that BullMQ's scripts read when they trim a queue's events. */
const shortenEvents = async (client: Redis, queues: Queues): Promise<void> => {
  const { maxLen } = queueOptions.streams.events
  const metaKeys = Object.values(queues).map((queue) => queue.toKey('meta'))
  await Promise.all(metaKeys.map((key) => client.hset(key, 'opts.maxLenEvents', maxLen)))
}
