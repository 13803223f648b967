import { randomBytes } from 'node:crypto'
import pg from 'pg'
import { migrateQueue } from '../../src/migrate-queue.ts'
import type { QueueConfig } from '../../src/queue-config.ts'

export type TestBackend = {
  name: QueueConfig['backend']
  /** Queues nobody else uses: a prefix of its own in Redis, a schema of its own in Postgres. */
  open(): Promise<QueueConfig>
  /** Removes what `open` made. */
  remove(): Promise<void>
}

const unique = () => randomBytes(6).toString('hex')

export const postgresUrl = (): string => {
  const url = process.env['WAYBILL_TEST_POSTGRES']
  if (!url) throw new Error('WAYBILL_TEST_POSTGRES is not set: the address of a Postgres, as its superuser')
  return url
}

export const query = async (databaseUrl: string, sql: string, values: unknown[] = []) => {
  const client = new pg.Client({ connectionString: databaseUrl })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows
  } finally {
    await client.end()
  }
}

export const postgresBackend = (): TestBackend => {
  let database: string | undefined
  const address = () => Object.assign(new URL(postgresUrl()), { pathname: `/${database}` }).toString()
  return {
    name: 'postgres',
    open: async () => {
      if (database === undefined) {
        database = `waybill_queue_${unique()}`
        await query(postgresUrl(), `CREATE DATABASE ${database}`)
      }
      const config = { backend: 'postgres', databaseUrl: address(), schema: `q_${unique()}` } as const
      await migrateQueue(config)
      return config
    },
    remove: async () => {
      if (database !== undefined) await query(postgresUrl(), `DROP DATABASE ${database} WITH (FORCE)`)
    },
  }
}

const redisBackend = (redisUrl: string): TestBackend => ({
  name: 'redis',
  open: () => Promise.resolve({ backend: 'redis', redisUrl, prefix: `{test-${unique()}}` }),
  remove: () => Promise.resolve(),
})

/** Both, or Postgres alone where there is no Redis and nobody insists on one. */
export const testBackends = (): TestBackend[] => {
  const redisUrl = process.env['REDIS_URL']
  if (redisUrl) return [postgresBackend(), redisBackend(redisUrl)]
  if (process.env['WAYBILL_REQUIRE_REDIS'] === '1') throw new Error('REDIS_URL is not set')
  process.stderr.write('WARNING: REDIS_URL IS NOT SET: THE REDIS HALF OF THE QUEUE TESTS DOES NOT RUN\n')
  return [postgresBackend()]
}
