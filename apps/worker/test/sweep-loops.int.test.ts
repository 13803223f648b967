import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { claimBatch, joinWorkers } from '@waybill/db'
import { asBatchId } from '@waybill/domain'
import { eventually, queueBackends } from '@waybill/testing'
import { createHeld } from '../src/lease/create-held.ts'
import { createSweepLoops } from '../src/sweep/create-sweep-loops.ts'
import type { SweepDeps } from '../src/sweep/sweep.ts'
import { aTrigger, openPipeline, type Pipeline } from './support/pipeline.ts'

const [backend] = queueBackends()
if (!backend) throw new Error('there is no queue backend')

type Some = {
  fanOut: (batch: number) => Promise<void>
  drain?: (lane: number) => Promise<void>
  sweepMs: number
  healed?: (what: string) => void
}

describe('the sweep loops', () => {
  let p: Pipeline
  beforeEach(async () => {
    p = await openPipeline(backend)
  })
  afterEach(() => p.close())

  const depsOf = (
    worker: number,
    { fanOut, drain = () => Promise.resolve(), sweepMs, healed = () => {} }: Some,
  ): SweepDeps =>
    ({
      sql: p.sql,
      lease: { worker, unbrokenForMs: () => 3_600_000 },
      held: { batches: createHeld(() => 0), lanes: createHeld(() => 0) },
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      metrics: { healed },
      config: { sweepMs, lease: { unseenMs: 60_000 } },
      fanOut,
      drain,
    }) as unknown as SweepDeps

  it('take over from dead workers while a backlog keeps the sweep at work', async () => {
    const worker = await joinWorkers(p.sql, 'living')
    const dead = await joinWorkers(p.sql, 'dead')
    await p.sql`UPDATE workers SET seen_at = now() - interval '1 hour' WHERE id = ${dead}`
    await p.accept(aTrigger())
    await p.sql`UPDATE batches SET created_at = now() - interval '1 hour'`
    const begun: number[] = []
    // A backlog that is not worked off as long as the test lasts.
    const fanOut = (batch: number) => (begun.push(batch), new Promise<void>(() => {}))
    const loops = createSweepLoops(depsOf(worker, { fanOut, sweepMs: 50 }))
    const [, sweep] = loops
    sweep?.start()
    await eventually(() => begun.length > 0)
    for (const loop of loops.filter((one) => one !== sweep)) loop.start()
    await eventually(async () => {
      const left = await p.sql<{ id: number }[]>`SELECT id FROM workers`
      return left.length === 1 && left[0]?.id === worker
    })
    expect(begun).toHaveLength(1)
    // The sweep never ends here, so it is not waited for.
    await Promise.all(loops.filter((one) => one !== sweep).map((loop) => loop.stop()))
  })

  /** Lanes of as many subscriptions that are due and in nobody's hands. */
  const dueLanes = async (n: number) => {
    for (let i = 0; i < n; i += 1) {
      const { id } = await p.subscribe(`/lane-${i}`)
      await p.sql`INSERT INTO lanes (subscription, next_due_at) VALUES (${id}, now() - interval '1 minute')`
    }
  }

  it('take up a batch whose wake-up was lost while lanes keep their sweep at work', async () => {
    const worker = await joinWorkers(p.sql, 'living')
    await dueLanes(1)
    const drained: number[] = []
    const begun: number[] = []
    const drain = (lane: number) => (drained.push(lane), new Promise<void>(() => {}))
    const loops = createSweepLoops(
      depsOf(worker, { fanOut: async (id) => void begun.push(id), drain, sweepMs: 50 }),
    )
    for (const loop of loops) loop.start()
    await eventually(() => drained.length > 0)
    const batch = await p.accept(aTrigger())
    await eventually(() => begun.includes(batch))
    // That of the lanes never ends here, so it is not waited for.
    await Promise.all(loops.slice(0, -1).map((loop) => loop.stop()))
  })

  it('go on to other lanes while some are slow', async () => {
    const worker = await joinWorkers(p.sql, 'living')
    await dueLanes(12)
    const drained: number[] = []
    const first: { end?: () => void } = {}
    const drain = (lane: number) => {
      drained.push(lane)
      return drained.length > 1 ? Promise.resolve() : new Promise<void>((resolve) => (first.end = resolve))
    }
    const loops = createSweepLoops(depsOf(worker, { fanOut: async () => {}, drain, sweepMs: 50 }))
    for (const loop of loops) loop.start()
    await eventually(() => drained.length === 12)
    first.end?.()
    await Promise.all(loops.map((loop) => loop.stop()))
  })

  it('take up at once what a dead worker had, not when the next sweep is due', async () => {
    const worker = await joinWorkers(p.sql, 'living')
    const dead = await joinWorkers(p.sql, 'dead')
    const batch = asBatchId(await p.accept(aTrigger()))
    await claimBatch(p.sql, batch, dead)
    await p.sql`UPDATE batches SET created_at = now() - interval '1 day'`
    await p.sql`UPDATE workers SET seen_at = now() - interval '1 hour' WHERE id = ${dead}`
    const begun: number[] = []
    const swept: string[] = []
    const fanOut = async (id: number) => void begun.push(id)
    const healed = (what: string) => swept.push(what)
    const [heal, ...sweeps] = createSweepLoops(depsOf(worker, { fanOut, sweepMs: 3_600_000, healed }))
    for (const loop of sweeps) loop.start()
    await eventually(() => swept.includes('lane'))
    expect(begun).toEqual([])
    heal?.start()
    await eventually(() => begun.includes(batch))
    await Promise.all([heal, ...sweeps].map((loop) => loop?.stop()))
  })
})
