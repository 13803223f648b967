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
})
