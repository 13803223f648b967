import { checkMasterKey, type MasterKeys, type Storage } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { isStorageError, StorageTimeout } from '../http/to-problem.ts'

/** Whether the database was made with our master key; until that is known nothing is stored. */
export type MasterKeyCheck = {
  state(): 'passed' | 'not checked yet' | 'made with another WAYBILL_MASTER_KEY'
  /** Asks now. Rejects for another key; an absent database leaves the state as it is. */
  run(): Promise<void>
}

const answerWithinMs = 3_000

export function createMasterKeyCheck(
  storage: Pick<Storage, 'sql' | 'suspect'>,
  keys: MasterKeys,
  logger: Pick<Logger, 'warn'>,
): MasterKeyCheck {
  let state: ReturnType<MasterKeyCheck['state']> = 'not checked yet'
  return {
    state: () => state,
    run: async () => {
      if (state === 'passed') return
      try {
        const asked = checkMasterKey(storage.sql, keys)
        await withDeadline(asked, answerWithinMs, () => new StorageTimeout('the database does not answer'))
        state = 'passed'
      } catch (error) {
        if (!isStorageError(error)) {
          state = 'made with another WAYBILL_MASTER_KEY'
          throw error
        }
        storage.suspect()
        logger.warn('installation.not-checked', { error })
      }
    },
  }
}
