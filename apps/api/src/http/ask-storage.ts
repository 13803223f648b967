import { withDeadline } from '@waybill/runtime'
import { StorageTimeout } from './to-problem.ts'

const answerWithinMs = 1_200

/** Waits 1.2 s at most for the database to answer `question`; after that it is suspected to be away. */
export function askStorage<T>(storage: { suspect(): void }, question: Promise<T>): Promise<T> {
  return withDeadline(question, answerWithinMs, () => {
    storage.suspect()
    return new StorageTimeout('the database did not answer in time')
  })
}
