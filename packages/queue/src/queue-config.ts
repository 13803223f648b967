/** Where wake-ups travel. Both backends carry the same queues; neither holds anything that Postgres does not know. */
export type QueueConfig = RedisQueueConfig | PostgresQueueConfig

export type RedisQueueConfig = {
  backend: 'redis'
  redisUrl: string
  /** Default `{waybill}`: the braces keep every key of the queues in one Redis Cluster slot. */
  prefix?: string
}

export type PostgresQueueConfig = {
  backend: 'postgres'
  /** A direct connection: LISTEN does not survive a pooler in transaction mode. */
  databaseUrl: string
  /** Default `bullmq`. Letters, digits and underscores. */
  schema?: string
}

export const defaultPrefix = '{waybill}'
export const defaultSchema = 'bullmq'

/**
 * Redis when there is one, else the database that is there anyway. An empty `redisUrl` counts as none, an empty
 * `queuePrefix` as the default one; without Redis the prefix means nothing.
 */
export const queueConfigFrom = (env: {
  redisUrl?: string | undefined
  databaseUrl: string
  queuePrefix?: string | undefined
}): QueueConfig =>
  env.redisUrl
    ? { backend: 'redis', redisUrl: env.redisUrl, prefix: env.queuePrefix || defaultPrefix }
    : { backend: 'postgres', databaseUrl: env.databaseUrl, schema: defaultSchema }
