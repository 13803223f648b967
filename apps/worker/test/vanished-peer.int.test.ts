import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { eventually, queueBackends, startProxy, type Proxy } from '@waybill/testing'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

/** The Postgres queue has the most connections to lose. */
const backends = queueBackends().filter((backend) => backend.name === 'postgres')

describe.each(backends)('a worker whose database vanished without a word, on the $name queue', (backend) => {
  let p: Pipeline
  let proxy: Proxy
  beforeEach(async () => {
    p = await openPipeline(backend)
    proxy = await startProxy()
  })
  afterEach(async () => {
    await p.close()
    await proxy.close()
  })

  it('dials again by itself, and loses and repeats nothing', async () => {
    await p.subscribe('/vanished')
    await p.startWorker({ DATABASE_URL: proxy.route(p.environment().DATABASE_URL) })
    await p.settled(await p.accept(aTrigger()))
    proxy.hang()
    const triggers = [await p.accept(aTrigger()), await p.accept(aTrigger())]
    for (const trigger of triggers) p.wakeUps.fanOut(trigger)
    await eventually(() => proxy.swallowed() >= 3)
    // New connections get through; those that were asked meanwhile will never answer.
    proxy.resume()
    for (const trigger of triggers)
      await eventually(
        async () => {
          const found = await p.deliveriesOf(trigger)
          return found.length === 1 && found[0]?.status === 2
        },
        { timeoutMs: 120_000 },
      )
    expect(p.receiver.requests).toHaveLength(3)
  }, 180_000)

  it('sweeps on over new pools after an outage', async () => {
    await p.subscribe('/away')
    const told: string[] = []
    const tell = (event: string) => told.push(event)
    const heard = (event: string) => told.filter((one) => one === event).length
    await p.startWorker(
      { DATABASE_URL: proxy.route(p.environment().DATABASE_URL), SWEEP_MS: '200' },
      { debug: tell, info: tell, warn: tell, error: tell },
    )
    proxy.hang()
    // The pools of the work and that of the heartbeats.
    await eventually(() => heard('database.lost') === 2, { timeoutMs: 120_000 })
    proxy.resume()
    await eventually(() => heard('database.found') === 2, { timeoutMs: 120_000 })
    // Nothing wakes the worker for it: the sweep, which began before the outage, has to find it.
    await p.settled(await p.accept(aTrigger()))
    expect(p.receiver.requests).toHaveLength(1)
  }, 300_000)
})
