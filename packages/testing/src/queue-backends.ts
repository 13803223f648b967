import { randomBytes } from 'node:crypto'
/** What @waybill/queue takes, said here once more: packages that it needs itself are tested with this one. */
export type TestQueueConfig =
  { backend: 'redis'; redisUrl: string; prefix: string } | { backend: 'postgres'; databaseUrl: string }

export type TestQueueBackend = {
  name: TestQueueConfig['backend']
  /** Where a queue of its own lives: in this database (one per test file), or under a prefix that no other call gets. */
  config(databaseUrl: string): TestQueueConfig
}

/**
 * The queue backends this run can test, for `describe.each`. Without REDIS_URL the Redis half is left out, loudly.
 * Throws instead when WAYBILL_REQUIRE_REDIS=1.
 */
export function queueBackends(environment: NodeJS.ProcessEnv = process.env): TestQueueBackend[] {
  const onPostgres: TestQueueBackend = {
    name: 'postgres',
    config: (databaseUrl) => ({ backend: 'postgres', databaseUrl }),
  }
  const redisUrl = environment['REDIS_URL']
  if (redisUrl) {
    return [
      onPostgres,
      { name: 'redis', config: () => ({ backend: 'redis', redisUrl, prefix: uniquePrefix() }) },
    ]
  }
  if (environment['WAYBILL_REQUIRE_REDIS'] === '1') {
    throw new Error('WAYBILL_REQUIRE_REDIS=1, but there is no REDIS_URL to test against')
  }
  console.warn('NO REDIS: these tests run on the Postgres queue only. Install redis-server or set REDIS_URL.')
  return [onPostgres]
}

/** In braces, so that a Redis Cluster keeps all keys of a queue in one slot. */
function uniquePrefix(): string {
  return `{waybill-test-${randomBytes(6).toString('hex')}}`
}
