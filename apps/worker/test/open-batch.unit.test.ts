import { describe, expect, it } from '@jest/globals'
import type { FirstOutcome } from '@waybill/db'
import { asBatchId, asDeliveryId } from '@waybill/domain'
import { createOpenBatch } from '../src/fan-out/create-open-batch.ts'
import type { FirstChunk } from '../src/record/create-first-recorder.ts'

const outcome = (delivery: number) => ({ delivery: asDeliveryId(delivery) }) as FirstOutcome
const batch = asBatchId(7)

function recorder() {
  const chunks: (FirstChunk & { acknowledge: () => void })[] = []
  const record = (chunk: FirstChunk) =>
    new Promise<void>((acknowledge) => chunks.push({ ...chunk, acknowledge }))
  const waiting = { rows: 0 }
  const gathering = (rows: number) => {
    waiting.rows += rows
  }
  return { chunks, record, gathering, waiting }
}

const sizes = (chunks: FirstChunk[]) => chunks.map((chunk) => [chunk.outcomes.length, chunk.finishes])
const turn = () => new Promise((resolve) => setImmediate(resolve))

describe('an open batch', () => {
  it('hands over all outcomes in one chunk that ends the batch when they come together', async () => {
    const r = recorder()
    const open = createOpenBatch(batch, 3, r)
    for (const n of [1, 2, 3]) open.add(outcome(n))
    await turn()
    expect(sizes(r.chunks)).toEqual([[3, 7]])
    r.chunks[0]?.acknowledge()
    await open.settled
  })

  it('does not wait for a slow outcome with the others', async () => {
    const r = recorder()
    const open = createOpenBatch(batch, 2, r)
    open.add(outcome(1))
    while (r.chunks.length === 0) await turn()
    expect(sizes(r.chunks)).toEqual([[1, undefined]])
  })

  it('ends the batch only after every earlier chunk was acknowledged', async () => {
    const r = recorder()
    const open = createOpenBatch(batch, 2, r)
    open.add(outcome(1))
    while (r.chunks.length === 0) await turn()
    open.add(outcome(2))
    await turn()
    expect(r.chunks).toHaveLength(1)
    expect(r.waiting.rows).toBe(1)
    r.chunks[0]?.acknowledge()
    await turn()
    expect(sizes(r.chunks)).toEqual([
      [1, undefined],
      [1, 7],
    ])
    expect(r.waiting.rows).toBe(0)
  })

  it('hands over 256 outcomes without waiting for more', async () => {
    const r = recorder()
    const open = createOpenBatch(batch, 300, r)
    for (let n = 0; n < 300; n += 1) open.add(outcome(n))
    expect(sizes(r.chunks)).toEqual([[256, undefined]])
    r.chunks[0]?.acknowledge()
    await turn()
    expect(sizes(r.chunks).at(-1)).toEqual([44, 7])
  })
})
