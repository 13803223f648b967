import { stat } from 'node:fs/promises'
import { describe, expect, it } from '@jest/globals'
import { createSemaphore, withDeadline } from '../src/index.ts'

describe('semaphore', () => {
  it('serves those who wait in their order and lets nobody overtake', async () => {
    const semaphore = createSemaphore(2)
    expect(semaphore.tryAcquire()).toBe(true)
    await semaphore.acquire()
    const order: number[] = []
    const waits = [1, 2, 3].map((n) => semaphore.acquire().then(() => order.push(n)))
    expect([semaphore.inUse(), semaphore.waiting(), semaphore.limit]).toEqual([2, 3, 2])
    semaphore.release()
    expect(semaphore.tryAcquire()).toBe(false)
    semaphore.release()
    semaphore.release()
    await Promise.all(waits)
    expect(order).toEqual([1, 2, 3])
    expect([semaphore.inUse(), semaphore.waiting()]).toEqual([2, 0])
  })

  it('waits no longer than it may, and passes a late permit on', async () => {
    const semaphore = createSemaphore(1)
    await semaphore.acquire()
    expect(await semaphore.acquireWithin(5)).toBe(false)
    const next = semaphore.acquireWithin(10_000)
    semaphore.release()
    expect(await next).toBe(true)
    expect([semaphore.inUse(), semaphore.waiting()]).toEqual([1, 0])
    semaphore.release()
    expect(semaphore.inUse()).toBe(0)
  })

  it('lets the first who waits take several permits at once, and nobody smaller before it', async () => {
    const semaphore = createSemaphore(5)
    await semaphore.acquire(4)
    const order: string[] = []
    const large = semaphore.acquire(3).then(() => order.push('large'))
    const small = semaphore.acquire().then(() => order.push('small'))
    expect(semaphore.tryAcquire()).toBe(false)
    semaphore.release(1)
    await Promise.resolve()
    expect(order).toEqual([])
    semaphore.release(3)
    await Promise.all([large, small])
    expect([order, semaphore.inUse()]).toEqual([['large', 'small'], 4])
    expect(() => semaphore.acquire(6)).toThrow(RangeError)
    expect(() => semaphore.release(5)).toThrow('more often')
  })

  it('refuses a release that nobody acquired and a limit below one', () => {
    const semaphore = createSemaphore(1)
    expect(() => semaphore.release()).toThrow('more often')
    expect(() => createSemaphore(0)).toThrow(RangeError)
  })
})

describe('deadline', () => {
  it('passes on a result or an error that comes in time', async () => {
    expect(await withDeadline(Promise.resolve(5), 10_000, () => new Error('late'))).toBe(5)
    const failed = withDeadline(Promise.reject(new Error('broken')), 10_000, () => new Error('late'))
    await expect(failed).rejects.toThrow('broken')
  })

  it('rejects with the given error when the promise does not settle', async () => {
    const never = new Promise(() => {})
    await expect(withDeadline(never, 5, () => new Error('late'))).rejects.toThrow('late')
  })

  it('first reads what arrived while the process was busy', async () => {
    // In this phase of the event loop timers come next, before what arrives.
    await new Promise((resolve) => setImmediate(resolve))
    // A thread of libuv's answers while this one is at work.
    const answer = withDeadline(stat('/'), 20, () => new Error('late'))
    const until = performance.now() + 500
    while (performance.now() < until);
    await expect(answer).resolves.toBeDefined()
  })
})
