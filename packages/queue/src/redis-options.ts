/**
 * ioredis options: https://github.com/redis/ioredis#readme. What both sides share: come back within two seconds of the
 * server's return, and follow a failover instead of talking to a replica.
 */
const shared = {
  connectTimeout: 2_000,
  disconnectTimeout: 100,
  keepAlive: 10_000,
  retryStrategy: (times: number) => Math.min(200 * times, 2_000),
  reconnectOnError: (error: Error) => (/READONLY|LOADING/.test(error.message) ? (2 as const) : false),
}

/** A producer would rather lose a wake-up than wait for one: nothing is queued, repeated or awaited for long. */
export const producerRedisOptions = {
  ...shared,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 1,
  autoResendUnfulfilledCommands: false,
  commandTimeout: 1_000,
  socketTimeout: 5_000,
}

/**
 * A consumer waits for the server as long as it takes. No command timeout, because the fetch blocks by design, up to
 * ten seconds when a delayed job is ahead; a socket silent for longer than that is dead.
 */
export const consumerRedisOptions = { ...shared, maxRetriesPerRequest: null, socketTimeout: 15_000 }
