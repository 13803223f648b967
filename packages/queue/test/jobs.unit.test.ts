import { describe, expect, it } from '@jest/globals'
import { drainData, drainJob, drainJobId, fanOutData, fanOutJob, fanOutJobId } from '../src/jobs.ts'

describe('job ids', () => {
  it('are neither digits alone nor contain a colon', () => {
    for (const id of [fanOutJobId(7), drainJobId(7, 1_800_000_000_123, 0), drainJobId(7, 0, 0, 'ab1')]) {
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/)
    }
  })

  it('are one for two wake-ups of a lane within the same half second', () => {
    expect(drainJobId(7, 10_000, 0)).toBe(drainJobId(7, 10_499, 400))
    expect(drainJobId(7, 10_499, 0)).not.toBe(drainJobId(7, 10_500, 0))
    expect(drainJobId(7, 10_000, 0)).not.toBe(drainJobId(8, 10_000, 0))
  })

  it.each([
    ['5 s', 5_000, 20],
    ['an hour', 3_600_000, 20],
    ['a day', 86_400_000, 20],
  ])('are few for a lane whose deliveries all come again after %s', (_name, delay, most) => {
    const everyMs = 100
    const ids = Array.from({ length: delay / everyMs }, (_, i) => drainJobId(7, i * everyMs + delay, delay))
    expect(new Set(ids).size).toBeLessThanOrEqual(most)
  })

  it('differ for a wake-up that must not meet the running job', () => {
    expect(drainJobId(7, 10_000, 0, 'a0')).not.toBe(drainJobId(7, 10_000, 0))
    expect(drainJobId(7, 10_000, 0, 'a0')).not.toBe(drainJobId(7, 10_000, 0, 'a1'))
  })
})

describe('jobs', () => {
  it('carry ids and a version that their schemas accept', () => {
    expect(fanOutData.parse(fanOutJob(3).data)).toEqual({ v: 1, batchId: 3 })
    expect(drainData.parse(drainJob(4, 0, 0).data)).toEqual({ v: 1, subscriptionId: 4 })
  })

  it('refuse another version and an id that is none', () => {
    expect(fanOutData.safeParse({ v: 2, batchId: 3 }).success).toBe(false)
    expect(fanOutData.safeParse({ v: 1, batchId: '3' }).success).toBe(false)
    expect(drainData.safeParse({ v: 1, subscriptionId: 0 }).success).toBe(false)
  })

  it('of bulk have a queue of their own, where the more comes after the less', () => {
    const [some, more, most] = [0.5, 70, 1e12].map((bulk) => fanOutJob(3, bulk))
    expect([some?.queue, some?.opts.priority]).toEqual(['bulk', 1])
    expect(more?.opts.priority).toBe(71)
    // https://docs.bullmq.io/guide/jobs/prioritized: 2,097,152 at most.
    expect(most?.opts.priority).toBeLessThan(2_097_152)
    expect(fanOutJob(3).queue).toBe('fan-out')
    expect(fanOutJob(3).opts).not.toHaveProperty('priority')
  })

  it('are due at the time their id names, in whole milliseconds', () => {
    expect(drainJob(4, 1_499.2, 10_000).opts).toEqual({ jobId: drainJobId(4, 11_500, 1_500), delay: 1_500 })
  })

  it('treat a delay that is no time ahead as now', () => {
    for (const delay of [0, -5, Number.NaN]) {
      expect(drainJob(4, delay, 10_000).opts).toEqual({ jobId: drainJobId(4, 10_000, 0) })
    }
  })
})
