import { describe, expect, it } from '@jest/globals'
import { createGroupCommit } from '../src/index.ts'

/** A flush that the test settles by hand, group by group. */
function manualFlush() {
  const groups: { items: number[]; finish: () => void; fail: (error: Error) => void }[] = []
  const flush = (items: number[]): Promise<string[]> =>
    new Promise((resolve, reject) => {
      groups.push({ items, finish: () => resolve(items.map((item) => `r${item}`)), fail: reject })
    })
  return { groups, flush, sizes: () => groups.map(({ items }) => items.length) }
}

const one = () => ({ rows: 1, bytes: 1 })
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

describe('group commit', () => {
  it('flushes what was submitted in one turn together and answers each item its own result', async () => {
    const { groups, flush } = manualFlush()
    const commit = createGroupCommit({ flush, weigh: one })
    const results = Promise.all([1, 2, 3].map((item) => commit.submit(item)))
    await nextTurn()
    expect(groups.map(({ items }) => items)).toEqual([[1, 2, 3]])
    groups[0]?.finish()
    expect(await results).toEqual(['r1', 'r2', 'r3'])
  })

  it('starts at most maxInFlight flushes and gathers what arrives meanwhile in order', async () => {
    const { groups, flush } = manualFlush()
    const commit = createGroupCommit({ flush, weigh: one, maxInFlight: 2 })
    const all: Promise<string>[] = []
    for (const item of range(0, 10)) {
      all.push(commit.submit(item))
      await nextTurn()
    }
    expect(groups.map(({ items }) => items)).toEqual([[0], [1]])
    groups[1]?.finish()
    await nextTurn()
    expect(groups[2]?.items).toEqual(range(2, 10))
    groups[0]?.finish()
    groups[2]?.finish()
    expect(await Promise.all(all)).toEqual(range(0, 10).map((item) => `r${item}`))
  })

  it('splits at the limits of rows and of bytes', async () => {
    const { groups, flush, sizes } = manualFlush()
    const weigh = (item: number) => ({ rows: 1, bytes: item })
    const commit = createGroupCommit({ flush, weigh, maxRows: 3, maxBytes: 100, maxInFlight: 9 })
    for (const bytes of [1, 1, 1, 1, 60, 60, 40]) void commit.submit(bytes)
    await nextTurn()
    expect(groups.map(({ items }) => items)).toEqual([
      [1, 1, 1],
      [1, 60],
      [60, 40],
    ])
    expect(sizes()).toEqual([3, 2, 2])
  })

  it('lets an item over the limits go alone', async () => {
    const { groups, flush } = manualFlush()
    const weigh = (item: number) => ({ rows: item, bytes: 1 })
    const commit = createGroupCommit({ flush, weigh, maxRows: 10, maxInFlight: 9 })
    for (const rows of [1, 1_000, 1]) void commit.submit(rows)
    await nextTurn()
    expect(groups.map(({ items }) => items)).toEqual([[1], [1_000], [1]])
  })

  it('rejects all items of a failed flush and goes on with the next', async () => {
    const { groups, flush } = manualFlush()
    const commit = createGroupCommit({ flush, weigh: one, maxInFlight: 1 })
    const failed = Promise.allSettled([commit.submit(1), commit.submit(2)])
    await nextTurn()
    const next = commit.submit(3)
    groups[0]?.fail(new Error('down'))
    expect(await failed).toEqual([
      { status: 'rejected', reason: new Error('down') },
      { status: 'rejected', reason: new Error('down') },
    ])
    await nextTurn()
    groups[1]?.finish()
    expect(await next).toBe('r3')
  })

  it('rejects when a flush throws at once, answers too few results, or an item cannot be weighed', async () => {
    const thrower = createGroupCommit<number, number>({
      flush: () => {
        throw new Error('at once')
      },
      weigh: one,
    })
    await expect(thrower.submit(1)).rejects.toThrow('at once')
    const short = createGroupCommit<number, number>({ flush: async () => [], weigh: one })
    await expect(short.submit(1)).rejects.toThrow('0 results for 1 items')
    const picky = createGroupCommit({
      flush: async (items: number[]) => items,
      weigh: () => {
        throw new Error('no weight')
      },
    })
    await expect(picky.submit(1)).rejects.toThrow('no weight')
    expect(picky.pending().items).toBe(0)
    await picky.idle()
  })

  it('reports what is unsettled, its age, and when nothing is', async () => {
    let now = 1_000
    const { groups, flush } = manualFlush()
    const weigh = () => ({ rows: 2, bytes: 1 })
    const commit = createGroupCommit({ flush, weigh, maxInFlight: 1, monotonic: () => now })
    expect(commit.pending()).toEqual({ items: 0, rows: 0, oldestAgeMs: 0, inFlight: 0 })
    void commit.submit(1)
    await nextTurn()
    now = 1_500
    void commit.submit(2)
    now = 2_000
    expect(commit.pending()).toEqual({ items: 2, rows: 4, oldestAgeMs: 1_000, inFlight: 1 })
    groups[0]?.finish()
    await nextTurn()
    expect(commit.pending()).toEqual({ items: 1, rows: 2, oldestAgeMs: 500, inFlight: 1 })
    const idle = commit.idle()
    groups[1]?.finish()
    await idle
    expect(commit.pending()).toEqual({ items: 0, rows: 0, oldestAgeMs: 0, inFlight: 0 })
  })

  it('settles 200,000 items quickly, since a submit does not depend on what waits', async () => {
    const commit = createGroupCommit({ flush: async (items: number[]) => items, weigh: one })
    const results = await Promise.all(range(0, 200_000).map((item) => commit.submit(item)))
    expect(results).toEqual(range(0, 200_000))
    expect(commit.pending().items).toBe(0)
  }, 20_000)
})
