import { withDeadline } from '@waybill/runtime'
import { StorageTimeout } from './to-problem.ts'

const usualMs = 1_200

/**
 * Waits `withinMs` at most for the database to answer `question`; after that it is suspected to be away, and `abort` is
 * told that nobody waits any more.
 */
export function askStorage<T>(
  storage: { suspect: () => void },
  question: Promise<T>,
  withinMs: number = usualMs,
  abort?: AbortController,
): Promise<T> {
  return withDeadline(question, withinMs, () => {
    abort?.abort()
    storage.suspect()
    return new StorageTimeout('the database did not answer in time')
  })
}
