import { isDataError, pgErrorCode, retryDeadlocks } from '@waybill/db'
import type { Logger } from '@waybill/runtime'

/**
 * Repeats a recording statement until the database has taken it: what was sent must be written, however long
 * Postgres is away, and repeating a flush changes nothing. Gives up only on data the database refuses.
 */
export async function writeUntilStored<T>(
  write: () => Promise<T>,
  deps: { logger: Logger; pause: (ms: number) => Promise<void> },
): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      return await retryDeadlocks(write)
    } catch (error) {
      const code = pgErrorCode(error)
      if (isDataError(code)) throw error
      if (failures === 0 || failures % 20 === 0) deps.logger.warn('record.delayed', { code, failures, error })
      await deps.pause(Math.min(2_000, 50 * 2 ** Math.min(failures, 6)))
    }
  }
}
