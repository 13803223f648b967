import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Redis } from 'ioredis'
import type { QueueConfig } from '../src/queue-config.ts'
import { testBackends } from './support/backends.ts'
import { createTestScope } from './support/create-test-scope.ts'
import type { TestScope } from './support/create-test-scope.ts'
import { eventually } from './support/eventually.ts'
import { createRedisServer } from './support/redis-server.ts'
import type { RedisServer } from './support/redis-server.ts'

let scope: TestScope
beforeEach(() => {
  scope = createTestScope()
})
afterEach(() => scope.end())

const commandsOf = async (client: Redis): Promise<number> =>
  Number(/total_commands_processed:(\d+)/.exec(await client.info('stats'))?.[1])

const openServer = async (): Promise<{ server: RedisServer; config: QueueConfig }> => {
  const server = await createRedisServer()
  scope.later(() => server.kill())
  return { server, config: { backend: 'redis', redisUrl: server.url } }
}

describe('while redis was never there', () => {
  it('nothing throws, hangs or keeps the process', async () => {
    const { config } = await openServer()
    const consumers = await scope.openConsumers(config)
    const wakeUps = scope.openWakeUps(config)
    wakeUps.drain(1, 0)
    expect(wakeUps.dropped()).toBe(1)
    expect(await wakeUps.ping(500)).toBe(false)
    await eventually('it is reported', () => consumers.output().includes('error') && scope.errors.length > 0)
    expect(await consumers.stop()).toBe(0)
  })
})

if (testBackends().some(({ name }) => name === 'redis'))
  describe('while redis is away', () => {
    it('wake-ups are dropped at once, and leave again after it came up for the first time', async () => {
      const { server, config } = await openServer()
      const wakeUps = scope.openWakeUps(config)
      wakeUps.fanOut(1)
      wakeUps.drain(2, 100)
      expect(wakeUps.ready()).toBe(false)
      expect(wakeUps.dropped()).toBe(2)
      expect(await wakeUps.ping(500)).toBe(false)
      await expect(wakeUps.counts()).rejects.toMatchObject({ code: 'queue_not_ready' })
      await eventually('it is reported', () => scope.errors.length > 0)

      await server.start()
      await eventually('it is ready', () => wakeUps.ready())
      wakeUps.fanOut(3)
      await eventually('a wake-up arrives', async () => (await wakeUps.counts()).fanOut === 1)
      expect(wakeUps.dropped()).toBe(2)
    })

    it('wake-ups are dropped at once, and leave again after it was killed and returned', async () => {
      const { server, config } = await openServer()
      await server.start()
      const wakeUps = scope.openWakeUps(config)
      await eventually('it is ready', () => wakeUps.ready())
      await server.kill()
      await eventually('it is known to be away', () => !wakeUps.ready())
      wakeUps.fanOut(1)
      expect(wakeUps.dropped()).toBe(1)

      await server.start()
      await eventually('it is ready again', () => wakeUps.ready())
      wakeUps.fanOut(2)
      await eventually('a wake-up arrives', async () => (await wakeUps.counts()).fanOut === 1)
    })

    it('a wake-up on its way when it stops answering is counted as dropped', async () => {
      const { server, config } = await openServer()
      await server.start()
      const wakeUps = scope.openWakeUps(config)
      await eventually('it is ready', () => wakeUps.ready())
      const killed = server.kill()
      for (let id = 1; id <= 1_200; id += 1) wakeUps.fanOut(id)
      await killed
      await eventually('all are dropped', () => wakeUps.dropped() === 1_200)
    })

    it('consumers wait for it to come up, and survive kill -9 and a restart', async () => {
      const { server, config } = await openServer()
      const consumers = await scope.openConsumers(config)
      const wakeUps = scope.openWakeUps(config)
      await eventually('they are refused', () => consumers.output().includes('ECONNREFUSED'))

      await server.start()
      await eventually('it is ready', () => wakeUps.ready())
      wakeUps.fanOut(1)
      await eventually('the first is taken', () => consumers.took('fan-out 1'))

      await server.kill()
      await eventually('it is known to be away', () => !wakeUps.ready())
      await server.start()
      await eventually('it is ready again', () => wakeUps.ready())
      wakeUps.fanOut(2)
      wakeUps.drain(3, 200)
      await eventually('both are taken', () => consumers.took('fan-out 2') && consumers.took('drain 3'))
      expect(await consumers.stop()).toBe(0)
    })

    it('consumers do not spin on one that refuses every fetch', async () => {
      const { server, config } = await openServer()
      await server.start()
      const wakeUps = scope.openWakeUps(config)
      await eventually('it is ready', () => wakeUps.ready())
      for (const id of [1, 2, 3]) wakeUps.fanOut(id)
      await eventually('all have arrived', async () => (await wakeUps.counts()).fanOut === 3)

      const client = new Redis(server.url)
      scope.later(() => client.quit())
      await client.config('SET', 'maxmemory', '1')
      const consumers = await scope.openConsumers(config)
      await eventually('they are refused', () => consumers.output().includes('OOM'))
      const before = await commandsOf(client)
      const since = Date.now()
      await eventually('a while has passed', () => Date.now() - since > 1_500)
      // Without a pause it is 50,000 a second and more.
      expect((await commandsOf(client)) - before).toBeLessThan(3_000)

      await client.config('SET', 'maxmemory', '0')
      await eventually('all are taken', () => [1, 2, 3].every((id) => consumers.took(`fan-out ${id}`)))
    })
  })
