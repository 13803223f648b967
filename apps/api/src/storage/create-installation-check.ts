import {
  checkDurability,
  checkMasterKey,
  refuseOldSchema,
  SchemaOutdated,
  type MasterKeys,
  type Storage,
} from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { isOutage, StorageTimeout } from '../http/to-problem.ts'
import type { DatabaseClock } from './create-database-clock.ts'

/**
 * Whether the database has our schema and master key, and keeps what it commits; until that is known nothing is stored. Its
 * clock is known from then on, too.
 */
export type InstallationCheck = {
  state(): 'passed' | 'not checked yet' | 'schema_outdated' | 'refused'
  /**
   * Asks now. Rejects for another key, and in production for settings that lose commits; a database that is absent or not
   * migrated yet is waited for.
   */
  run(): Promise<void>
}

const answerWithinMs = 3_000

export function createInstallationCheck(
  storage: Pick<Storage, 'sql' | 'suspect'>,
  keys: MasterKeys,
  production: boolean,
  clock: Pick<DatabaseClock, 'ask'>,
  logger: Pick<Logger, 'warn'>,
): InstallationCheck {
  let state: ReturnType<InstallationCheck['state']> = 'not checked yet'
  let told = ''
  /** Once for every new reason: it is asked every second. */
  const tell = (reason: string, error: unknown) => {
    if (reason !== told) logger.warn('installation.not-checked', { error })
    told = reason
  }
  const ask = async () => {
    const clockTold = clock.ask()
    const { nowMs } = await refuseOldSchema(storage.sql)
    if (nowMs !== undefined) clockTold(nowMs)
    await checkMasterKey(storage.sql, keys)
    await checkDurability(storage.sql, production, logger)
  }
  return {
    state: () => state,
    run: async () => {
      if (state === 'passed') return
      try {
        await withDeadline(ask(), answerWithinMs, () => new StorageTimeout('the database does not answer'))
        state = 'passed'
      } catch (error) {
        if (error instanceof SchemaOutdated) {
          state = 'schema_outdated'
          tell(state, error)
        } else if (isOutage(error)) {
          storage.suspect()
          tell(String(error), error)
        } else {
          state = 'refused'
          throw error
        }
      }
    },
  }
}
