import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { migrateQueue } from '../src/migrate-queue.ts'
import type { QueueConfig } from '../src/queue-config.ts'
import { postgresBackend, query } from './support/backends.ts'
import { createTestScope } from './support/create-test-scope.ts'
import type { TestScope } from './support/create-test-scope.ts'
import { eventually } from './support/eventually.ts'
import { startFarewellProxy } from './support/start-farewell-proxy.ts'

let scope: TestScope
beforeEach(() => {
  scope = createTestScope()
})
afterEach(() => scope.end())

describe('while postgres takes its connections away', () => {
  const backend = postgresBackend()
  afterAll(() => backend.remove())

  const terminateAll = async (databaseUrl: string): Promise<number> => {
    const others = 'datname = current_database() AND pid <> pg_backend_pid()'
    const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ${others}`
    return (await query(databaseUrl, sql)).length
  }

  const openConfig = async () => {
    const config = await backend.open()
    if (config.backend !== 'postgres') throw new Error('not the backend asked for')
    return config
  }

  it('both sides survive and work again', async () => {
    const config = await openConfig()
    const consumers = await scope.openConsumers(config)
    const wakeUps = scope.openWakeUps(config)
    await eventually('it is ready', () => wakeUps.ready())
    wakeUps.fanOut(1)
    await eventually('the first is taken', () => consumers.took('fan-out 1'))

    for (const round of [10, 20, 30]) {
      expect(await terminateAll(config.databaseUrl)).toBeGreaterThan(2)
      // Sent again until taken: a hint may go with the connection it left on.
      await eventually('the batch is taken', () => {
        wakeUps.fanOut(round)
        return consumers.took(`fan-out ${round}`)
      })
      await eventually('the lane is taken', () => {
        wakeUps.drain(round, 100)
        return consumers.took(`drain ${round}`)
      })
    }
    expect(scope.errors.length).toBeGreaterThan(0)
    expect(consumers.alive()).toBe(true)
    expect(await consumers.stop()).toBe(0)
  })

  it('a consumer survives connections that are ended together with the last word of their welcome', async () => {
    const config = await openConfig()
    const proxy = await startFarewellProxy(config.databaseUrl, 12)
    scope.later(() => proxy.close())
    const consumers = await scope.openConsumers({ ...config, databaseUrl: proxy.url })
    await eventually('connections are ended', () => proxy.ended() === 12)
    const wakeUps = scope.openWakeUps(config)
    await eventually('it is ready', () => wakeUps.ready())
    await eventually('the batch is taken', () => {
      wakeUps.fanOut(1)
      return consumers.took('fan-out 1')
    })
    expect(consumers.alive()).toBe(true)
  })

  it('both sides start before the queue is there, and work once it is', async () => {
    const config = { ...(await openConfig()), schema: 'later' }
    const consumers = await scope.openConsumers(config)
    const wakeUps = scope.openWakeUps(config)
    await eventually('it is reported', () =>
      scope.errors.some(({ message }) => message.includes('not initialized')),
    )
    wakeUps.fanOut(1)
    expect(wakeUps.ready()).toBe(false)
    expect(wakeUps.dropped()).toBe(1)

    await migrateQueue(config)
    await eventually('it is ready', () => wakeUps.ready())
    wakeUps.fanOut(2)
    await eventually('a wake-up is taken', () => consumers.took('fan-out 2'))
  })

  it('neither side throws or hangs when there is no database at all', async () => {
    const config: QueueConfig = { backend: 'postgres', databaseUrl: 'postgres://nobody@127.0.0.1:1/none' }
    const consumers = await scope.openConsumers(config)
    const wakeUps = scope.openWakeUps(config)
    wakeUps.drain(1, 0)
    expect(wakeUps.dropped()).toBe(1)
    expect(await wakeUps.ping(500)).toBe(false)
    await eventually('it is reported', () => consumers.output().includes('error') && scope.errors.length > 0)
    expect(await consumers.stop()).toBe(0)
  })
})
