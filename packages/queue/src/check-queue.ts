import { assertSchemaCompatibility, LATEST_SCHEMA_VERSION } from 'bullmq'
import { Redis } from 'ioredis'
import { findEviction } from './find-eviction.ts'
import { toError } from './limit-errors.ts'
import { defaultSchema } from './queue-config.ts'
import type { PostgresQueueConfig, QueueConfig, RedisQueueConfig } from './queue-config.ts'
import { QueueError } from './queue-error.ts'
import { producerRedisOptions } from './redis-options.ts'
import { withinDeadline } from './within-deadline.ts'
import { withPostgresClient } from './with-postgres-client.ts'

const deadlineMs = 5_000

/**
 * What is wrong with the backend, in words for whoever set it up, or nothing. Rejects with `queue_not_ready` when it
 * cannot be reached, which is no fault of its settings.
 */
export const checkQueue = async (config: QueueConfig): Promise<string | undefined> => {
  try {
    const check = config.backend === 'redis' ? checkRedis(config) : checkPostgres(config)
    return await withinDeadline(check, deadlineMs)
  } catch (error) {
    const cause = toError(error)
    throw new QueueError('queue_not_ready', `the queue cannot be reached: ${cause.message}`, { cause })
  }
}

const checkRedis = async (config: RedisQueueConfig): Promise<string | undefined> => {
  const client = new Redis(config.redisUrl, {
    ...producerRedisOptions,
    lazyConnect: true,
    retryStrategy: () => null,
  })
  let reason: Error | undefined
  client.on('error', (error: Error) => (reason = error))
  try {
    await client.connect()
    return await findEviction(client)
  } catch (error) {
    throw reason ?? error
  } finally {
    client.disconnect()
  }
}

const checkPostgres = async (config: PostgresQueueConfig): Promise<string | undefined> => {
  const schema = config.schema ?? defaultSchema
  return await withPostgresClient(config.databaseUrl, async (client) => {
    try {
      const version = await assertSchemaCompatibility(client, schema)
      if (version >= LATEST_SCHEMA_VERSION) return undefined
      return `the queue's schema ${schema} is at version ${version} of ${LATEST_SCHEMA_VERSION}: run the migrations`
    } catch (error) {
      const { name, message } = toError(error)
      // These three say what to do; anything else is the connection's.
      if (/^(SchemaMigrationRequired|SchemaVersionMismatch|UnsupportedPostgresVersion)Error$/.test(name))
        return message
      throw error
    }
  })
}
