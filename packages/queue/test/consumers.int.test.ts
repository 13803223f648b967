import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createPostgresBackend, Queue, withBackend } from 'bullmq'
import { createConsumers } from '../src/create-consumers.ts'
import type { Consumers } from '../src/create-consumers.ts'
import { createWakeUps } from '../src/create-wake-ups.ts'
import type { WakeUps } from '../src/create-wake-ups.ts'
import { postgresOptions } from '../src/postgres-options.ts'
import type { QueueConfig } from '../src/queue-config.ts'
import { testBackends } from './support/backends.ts'
import { eventually } from './support/eventually.ts'

/** Puts a job on the queue past everything that would make it a good one. */
const addRaw = async (config: QueueConfig, jobId: string, data: unknown): Promise<void> => {
  const queue =
    config.backend === 'redis'
      ? new Queue('fan-out', { connection: { url: config.redisUrl }, prefix: config.prefix ?? '' })
      : new (withBackend(createPostgresBackend).Queue)('fan-out', { connection: postgresOptions(config) })
  await queue.add('batch', data, { jobId })
  await queue.close()
}

describe.each(testBackends())('consumers on $name', (backend) => {
  let config: QueueConfig
  let wakeUps: WakeUps
  let consumers: Consumers | undefined
  let errors: Error[]

  const onError = (error: Error) => errors.push(error)
  const start = (fanOut: (id: number) => Promise<void>, drain = fanOut, bulk = fanOut): Consumers => {
    consumers = createConsumers(config, {
      fanOut: { concurrency: 1, process: fanOut },
      bulk: { concurrency: 1, process: bulk },
      drain: { concurrency: 1, process: drain },
      onError,
    })
    consumers.start()
    return consumers
  }

  beforeEach(async () => {
    config = await backend.open()
    errors = []
    wakeUps = createWakeUps(config, { onError })
    await eventually('the queue is ready', () => wakeUps.ready())
  })

  afterEach(async () => {
    await consumers?.close(2_000)
    await wakeUps.close()
  })

  afterAll(() => backend.remove())

  it('go on after a process function that rejects or throws, and report it', async () => {
    const taken: number[] = []
    start((id) => {
      taken.push(id)
      if (id === 1) return Promise.reject(new Error('rejected'))
      if (id === 2) throw new Error('thrown')
      return Promise.resolve()
    })
    for (const id of [1, 2, 3]) wakeUps.fanOut(id)
    await eventually('the third is taken', () => taken.includes(3))
    await eventually('the queue is empty', async () => (await wakeUps.counts()).fanOut === 0)
    // Wake-ups travel over several connections, so their order is not theirs to keep.
    expect(new Set(taken)).toEqual(new Set([1, 2, 3]))
    expect(taken).toHaveLength(3)
    expect(new Set(errors.map((error) => error.message))).toEqual(new Set(['rejected', 'thrown']))
  })

  it('take what is not bulk while bulk goes no further', async () => {
    const taken: string[] = []
    let goOn = () => {}
    const stuck = new Promise<void>((resolve) => (goOn = resolve))
    const take = (id: number) => Promise.resolve(void taken.push(`fan-out ${id}`))
    start(take, take, (id) => (taken.push(`bulk ${id}`), stuck))
    for (const id of [1, 2, 3]) wakeUps.fanOut(id, { bulk: 7 })
    await eventually('bulk is begun', () => taken.length === 1)
    wakeUps.fanOut(4)
    await eventually('the other is taken', () => taken.includes('fan-out 4'))
    expect(taken).toEqual([expect.stringMatching(/^bulk/), 'fan-out 4'])
    goOn()
    await eventually('the rest is taken', () => taken.length === 4)
  })

  it('complete and report a job they cannot read, of a later version or of no shape at all', async () => {
    await addRaw(config, 'b-1', { v: 2, batchId: 1 })
    await addRaw(config, 'garbage', 'not an object')
    wakeUps.fanOut(3)
    await eventually('all have arrived', async () => (await wakeUps.counts()).fanOut === 3)
    const taken: number[] = []
    start((id) => Promise.resolve(void taken.push(id)))
    await eventually('the queue is empty', async () => (await wakeUps.counts()).fanOut === 0)
    expect(taken).toEqual([3])
    expect(errors).toMatchObject([
      { code: 'queue_job_unreadable', message: 'job b-1 left alone: version 2' },
      { code: 'queue_job_unreadable', message: 'job garbage left alone: no version' },
    ])
  })

  it('take a wake-up sent from within the same lane, half a second or less after the last', async () => {
    let turns = 0
    start(() => {
      turns += 1
      if (turns < 4) wakeUps.drain(9, 0, { again: true })
      return Promise.resolve()
    })
    wakeUps.drain(9, 0)
    await eventually('all turns were taken', () => turns === 4)
    expect(wakeUps.dropped()).toBe(0)
  })

  it('take nothing between pause and the next start', async () => {
    const taken: number[] = []
    const running = start((id) => Promise.resolve(void taken.push(id)))
    wakeUps.fanOut(1)
    await eventually('the first is taken', () => taken.length === 1)
    await eventually('both queues are read', () => running.running())
    await running.pause()
    expect(running.running()).toBe(false)
    wakeUps.fanOut(2)
    await eventually('the second waits', async () => (await wakeUps.metrics())['fan-out'].waiting === 1)
    expect(taken).toEqual([1])
    running.start()
    await eventually('the second is taken', () => taken.length === 2)
  })

  it('finish what runs before close returns', async () => {
    let finished = 0
    let begun = 0
    const running = start(async () => {
      begun += 1
      await new Promise((resolve) => setTimeout(resolve, 300))
      finished += 1
    })
    wakeUps.fanOut(1)
    await eventually('it has begun', () => begun === 1)
    await running.close(10_000)
    expect(finished).toBe(1)
    expect(errors).toEqual([])
    expect((await wakeUps.counts()).fanOut).toBe(0)
  })

  it('close within the deadline while a process function hangs', async () => {
    let begun = false
    const running = start(() => {
      begun = true
      return new Promise(() => undefined)
    })
    wakeUps.fanOut(1)
    await eventually('it has begun', () => begun)
    const since = performance.now()
    await running.close(1_000)
    expect(performance.now() - since).toBeLessThan(10_000)
    expect(errors).toMatchObject([{ code: 'queue_close_forced' }])
    expect((await wakeUps.metrics())['fan-out'].active).toBe(1)
  })

  it('close without having been started', async () => {
    const idle = createConsumers(config, {
      fanOut: { concurrency: 1, process: () => Promise.resolve() },
      bulk: { concurrency: 1, process: () => Promise.resolve() },
      drain: { concurrency: 1, process: () => Promise.resolve() },
      onError,
    })
    await idle.close(1_000)
    expect(idle.running()).toBe(false)
  })
})
