import { describe, expect, it } from '@jest/globals'
import { watchQueue } from '../src/health/watch-queue.ts'

const evicts = async () => 'it evicts'
const well = async () => undefined
const away = () => Promise.reject(new Error('away'))

describe('watching the queue', () => {
  it('shows and tells each change once, and keeps what it knew while the queue is away', async () => {
    const told: unknown[] = []
    const log = (event: string, fields?: object) => void told.push([event, fields])
    const queue: { problem: () => Promise<string | undefined> } = { problem: well }
    const wakeUps = { problem: () => queue.problem() }
    const look = watchQueue({ wakeUps, logger: { warn: log, info: log } }, (unsafe) => void told.push(unsafe))
    for (const problem of [away, well, evicts, evicts, away, evicts, well, well]) {
      queue.problem = problem
      await look()
    }
    expect(told).toEqual([true, ['queue.unsafe', { problem: 'it evicts' }], false, ['queue.mended', {}]])
  })
})
