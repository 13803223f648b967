import { describe, expect, it } from '@jest/globals'
import { asIntegrationId } from '@waybill/domain'
import { createGroupCommit } from '@waybill/runtime'
import { createBulkGroups } from '../src/triggers/create-bulk-groups.ts'

const [one, two] = [asIntegrationId(1), asIntegrationId(2)]

describe('bulk groups', () => {
  const open = (pauseAfter: () => Promise<void> | undefined = () => undefined) => {
    const flushes: string[][] = []
    const waiting: (() => void)[] = []
    const groups = createBulkGroups<string, string>(
      () => performance.now(),
      pauseAfter,
      (turn) =>
        createGroupCommit<string, string>({
          weigh: () => ({ rows: 1, bytes: 1 }),
          maxRows: 2,
          maxInFlight: 1,
          flush: (items) =>
            turn(async () => {
              flushes.push(items)
              await new Promise<void>((resolve) => waiting.push(resolve))
              return items
            }),
        }),
    )
    /** Lets the flush that runs end, and the next begin. */
    const next = async () => {
      waiting.shift()?.()
      await new Promise((resolve) => setImmediate(resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    return { groups, flushes, next }
  }

  it('flush one at a time and take turns, whoever sent more', async () => {
    const { groups, flushes, next } = open()
    const sent = ['a1', 'a2', 'a3', 'a4', 'a5'].map((item) => groups.submit(one, 5, item))
    sent.push(groups.submit(two, 1, 'b1'))
    expect([groups.rowsOf(one), groups.rowsOf(two), groups.rows()]).toEqual([5, 1, 6])
    for (let i = 0; i < 5; i += 1) await next()
    expect(flushes).toEqual([['a1', 'a2'], ['b1'], ['a3', 'a4'], ['a5']])
    expect(await Promise.all(sent)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'b1'])
    await groups.idle()
    expect(groups.rows()).toBe(0)
  })

  it('leave the database alone between two flushes when asked to, without keeping their callers', async () => {
    let resume = () => {}
    const { groups, flushes, next } = open(() => new Promise((resolve) => (resume = resolve)))
    const first = groups.submit(one, 1, 'a1')
    await next()
    const second = groups.submit(one, 1, 'a2')
    await next()
    expect(await first).toBe('a1')
    await next()
    expect(flushes).toEqual([['a1']])
    resume()
    await next()
    await next()
    expect(await second).toBe('a2')
  })
})
