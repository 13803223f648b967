import { withDeadline } from './deadline.ts'
import { createFifo } from './fifo.ts'

export interface Semaphore {
  /** Takes a permit now, or answers false. Never overtakes those who already wait. */
  tryAcquire(): boolean
  /** Takes a permit, waiting first come, first served. */
  acquire(): Promise<void>
  /** As `acquire`, but answers false after `ms`; a permit that comes later goes on to the next who waits. */
  acquireWithin(ms: number): Promise<boolean>
  /** Gives a permit back. Throws when none is out: a double release would raise the limit unseen. */
  release(): void
  inUse(): number
  waiting(): number
  readonly limit: number
}

/** Counts permits inside one process. @param limit at least 1 */
export function createSemaphore(limit: number): Semaphore {
  if (!Number.isInteger(limit) || limit < 1)
    throw new RangeError(`a semaphore needs a limit of at least 1, not ${limit}`)
  const waiters = createFifo<() => void>()
  let inUse = 0

  const tryAcquire = (): boolean => {
    if (inUse >= limit) return false
    inUse += 1
    return true
  }
  const acquire = (): Promise<void> =>
    tryAcquire() ? Promise.resolve() : new Promise((resolve) => waiters.push(resolve))
  const release = (): void => {
    if (inUse === 0) throw new Error('a semaphore was released more often than acquired')
    const next = waiters.shift()
    // A waiter inherits the permit, so inUse stays and nobody can slip in between.
    if (next) next()
    else inUse -= 1
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
        void acquired.then(release)
        return false
      }
    },
    release,
    inUse: () => inUse,
    waiting: () => waiters.size(),
  }
}
