import { afterAll, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import { checkQueue } from '../src/check-queue.ts'
import { createWakeUps } from '../src/create-wake-ups.ts'
import { migrateQueue } from '../src/migrate-queue.ts'
import { postgresBackend, query, testBackends } from './support/backends.ts'
import { eventually } from './support/eventually.ts'
import { createRedisServer } from './support/redis-server.ts'

describe.each(testBackends())('checking $name', (backend) => {
  afterAll(() => backend.remove())

  it('finds nothing wrong with a queue that is set up', async () => {
    const config = await backend.open()
    await migrateQueue(config)
    expect(await checkQueue(config)).toBeUndefined()
  })
})

describe('checking postgres', () => {
  const backend = postgresBackend()
  afterAll(() => backend.remove())

  const openConfig = async () => {
    const config = await backend.open()
    if (config.backend !== 'postgres') throw new Error('not the backend asked for')
    return config
  }

  it('tells that the migrations have not run', async () => {
    expect(await checkQueue({ ...(await openConfig()), schema: 'nothing_here' })).toContain('not initialized')
  })

  it('tells that the migrations are behind', async () => {
    const config = await openConfig()
    await query(config.databaseUrl, `DELETE FROM ${config.schema}.migration WHERE version > 5`)
    expect(await checkQueue(config)).toContain('at version 5 of')
  })

  it('lets migrations run side by side in a schema of their own', async () => {
    const config = { ...(await openConfig()), schema: 'side_by_side' }
    await Promise.all([migrateQueue(config), migrateQueue(config), migrateQueue(config)])
    expect(await checkQueue(config)).toBeUndefined()
  })

  it('rejects when there is no server', async () => {
    const config = { backend: 'postgres', databaseUrl: 'postgres://nobody@127.0.0.1:1/none' } as const
    await expect(checkQueue(config)).rejects.toMatchObject({ code: 'queue_not_ready' })
  })
})

const withRedis = testBackends().some(({ name }) => name === 'redis')

if (withRedis)
  describe('checking redis', () => {
    it('tells that it would evict keys', async () => {
      const server = await createRedisServer(['--maxmemory-policy', 'allkeys-lru'])
      await server.start()
      try {
        expect(await checkQueue({ backend: 'redis', redisUrl: server.url })).toContain('allkeys-lru')
      } finally {
        await server.kill()
      }
    })

    it('is asked again while it runs', async () => {
      const server = await createRedisServer()
      await server.start()
      const wakeUps = createWakeUps({ backend: 'redis', redisUrl: server.url }, { onError: () => undefined })
      const admin = new Redis(server.url)
      try {
        await eventually('the queue is ready', () => wakeUps.ready())
        expect(await wakeUps.problem()).toBeUndefined()
        await admin.config('SET', 'maxmemory-policy', 'volatile-ttl')
        expect(await wakeUps.problem()).toContain('volatile-ttl')
        await admin.config('SET', 'maxmemory-policy', 'noeviction')
        expect(await wakeUps.problem()).toBeUndefined()
      } finally {
        admin.disconnect()
        await wakeUps.close()
        await server.kill()
      }
      await expect(wakeUps.problem()).rejects.toMatchObject({ code: 'queue_not_ready' })
    })

    it('rejects when there is no server', async () => {
      const { url } = await createRedisServer()
      await expect(checkQueue({ backend: 'redis', redisUrl: url })).rejects.toMatchObject({
        code: 'queue_not_ready',
      })
    })
  })
