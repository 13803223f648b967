import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createConsumers } from '../src/create-consumers.ts'
import type { Consumers } from '../src/create-consumers.ts'
import { createWakeUps } from '../src/create-wake-ups.ts'
import type { WakeUps } from '../src/create-wake-ups.ts'
import type { QueueConfig } from '../src/queue-config.ts'
import { testBackends } from './support/backends.ts'
import { eventually } from './support/eventually.ts'

type Taken = { kind: 'fan-out' | 'bulk' | 'drain'; id: number; at: number }

describe.each(testBackends())('wake-ups on $name', (backend) => {
  let config: QueueConfig
  let wakeUps: WakeUps
  let consumers: Consumers
  let taken: Taken[]
  let errors: Error[]

  const onError = (error: Error) => errors.push(error)
  const take = (kind: Taken['kind']) => (id: number) =>
    Promise.resolve(void taken.push({ kind, id, at: Date.now() }))
  const ids = (kind: Taken['kind']) => taken.filter((job) => job.kind === kind).map((job) => job.id)

  beforeEach(async () => {
    config = await backend.open()
    taken = []
    errors = []
    wakeUps = createWakeUps(config, { onError })
    consumers = createConsumers(config, {
      fanOut: { concurrency: 1, process: take('fan-out') },
      bulk: { concurrency: 1, process: take('bulk') },
      drain: { concurrency: 1, process: take('drain') },
      onError,
    })
    await eventually('the queue is ready', () => wakeUps.ready())
  })

  afterEach(async () => {
    await consumers.close(5_000)
    await wakeUps.close()
  })

  afterAll(() => backend.remove())

  it('reach the consumer of their queue', async () => {
    consumers.start()
    wakeUps.fanOut(11)
    wakeUps.drain(12, 0)
    await eventually('both are taken', () => taken.length === 2)
    expect(ids('fan-out')).toEqual([11])
    expect(ids('drain')).toEqual([12])
    expect(errors).toEqual([])
    expect(wakeUps.dropped()).toBe(0)
  })

  it('leave nothing behind once they are taken', async () => {
    consumers.start()
    for (const id of [1, 2, 3]) wakeUps.fanOut(id)
    await eventually('all are taken', () => taken.length === 3)
    await eventually('the queue is empty', async () => (await wakeUps.counts()).fanOut === 0)
  })

  it('do not come before their time', async () => {
    consumers.start()
    const due = Date.now() + 700
    wakeUps.drain(5, 700)
    await eventually('it is delayed', async () => (await wakeUps.metrics()).drain.delayed === 1)
    await eventually('it is taken', () => taken.length === 1)
    expect(taken[0]?.at).toBeGreaterThanOrEqual(due)
  })

  it('run once when sent twice while waiting', async () => {
    wakeUps.fanOut(7)
    await eventually('the first has arrived', async () => (await wakeUps.counts()).fanOut === 1)
    wakeUps.fanOut(7)
    wakeUps.fanOut(8)
    await eventually('the last has arrived', async () => (await wakeUps.counts()).fanOut === 2)
    consumers.start()
    await eventually('the last is taken', () => ids('fan-out').includes(8))
    expect(ids('fan-out')).toEqual([7, 8])
  })

  it('of bulk come the less first, and are no fan-out', async () => {
    for (const [id, bulk] of [
      [1, 900],
      [2, 5],
      [3, 900],
    ] as const) {
      wakeUps.fanOut(id, { bulk })
      await eventually('it has arrived', async () => (await wakeUps.counts()).bulk === id)
    }
    consumers.start()
    await eventually('all are taken', () => taken.length === 3)
    expect(ids('bulk')).toEqual([2, 1, 3])
    expect(ids('fan-out')).toEqual([])
  })

  it('are counted by state', async () => {
    wakeUps.fanOut(1)
    wakeUps.fanOut(2, { bulk: 1 })
    wakeUps.drain(3, 60_000)
    await eventually('all have arrived', async () => {
      const { fanOut, bulk, drain } = await wakeUps.counts()
      return fanOut === 1 && bulk === 1 && drain === 1
    })
    expect(await wakeUps.metrics()).toEqual({
      'fan-out': { waiting: 1, delayed: 0, active: 0 },
      bulk: { waiting: 1, delayed: 0, active: 0 },
      drain: { waiting: 0, delayed: 1, active: 0 },
    })
  })

  it('are dropped and counted after close', async () => {
    expect(await wakeUps.ping(5_000)).toBe(true)
    await wakeUps.close()
    wakeUps.fanOut(1)
    expect(wakeUps.ready()).toBe(false)
    expect(wakeUps.dropped()).toBe(1)
    await expect(wakeUps.counts()).rejects.toMatchObject({ code: 'queue_not_ready' })
  })
})
