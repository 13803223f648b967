import { withDeadline } from './deadline.ts'
import { createFifo } from './fifo.ts'

/** Each call takes or gives back one permit, or as many as it says, at once. */
export interface Semaphore {
  /** Takes permits now, or answers false. Never overtakes those who already wait. */
  tryAcquire(permits?: number): boolean
  /** Takes permits, waiting first come, first served. Throws when they are more than there are at all. */
  acquire(permits?: number): Promise<void>
  /** As `acquire`, but answers false after `ms`; a permit that comes later goes on to the next who waits. */
  acquireWithin(ms: number): Promise<boolean>
  /** Gives permits back. Throws when fewer are out: a double release would raise the limit unseen. */
  release(permits?: number): void
  inUse(): number
  /** How many calls wait. */
  waiting(): number
  readonly limit: number
}

/** Counts permits inside one process. @param limit at least 1 */
export function createSemaphore(limit: number): Semaphore {
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`a semaphore needs a limit of at least 1, not ${limit}`)
  const waiters = createFifo<{ permits: number; resolve: () => void }>()
  let inUse = 0

  const tryAcquire = (permits = 1): boolean => {
    if (waiters.size() > 0 || inUse + permits > limit) return false
    inUse += permits
    return true
  }
  const acquire = (permits = 1): Promise<void> => {
    if (permits > limit) throw new RangeError(`${permits} permits of ${limit}`)
    return tryAcquire(permits)
      ? Promise.resolve()
      : new Promise((resolve) => waiters.push({ permits, resolve }))
  }
  const release = (permits = 1): void => {
    if (inUse < permits) throw new Error('a semaphore was released more often than acquired')
    inUse -= permits
    // Given on before anybody else runs, so that nobody can slip in between.
    for (let next = waiters.peek(); next && inUse + next.permits <= limit; next = waiters.peek()) {
      waiters.shift()
      inUse += next.permits
      next.resolve()
    }
  }
  return {
    limit,
    tryAcquire,
    acquire,
    async acquireWithin(ms) {
      const acquired = acquire()
      try {
        await withDeadline(acquired, ms, () => new Error('no permit in time'))
        return true
      } catch {
        void acquired.then(() => release())
        return false
      }
    },
    release,
    inUse: () => inUse,
    waiting: () => waiters.size(),
  }
}
