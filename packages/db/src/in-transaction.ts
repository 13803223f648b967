import type { Orm } from './open-database.ts'
import { retryDeadlocks } from './pg-error.ts'

type Transaction = Parameters<Parameters<Orm['transaction']>[0]>[0]

/**
 * Runs `work` in a transaction, and all of it again when it loses a deadlock; so it must do nothing that is not undone with
 * the transaction.
 */
export const inTransaction = <T>(orm: Orm, work: (tx: Transaction) => Promise<T>): Promise<T> =>
  retryDeadlocks(() => orm.transaction(work))
