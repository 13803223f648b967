import {
  isDataError,
  pgErrorCode,
  retryDeadlocks,
  storeTriggers,
  type AcceptEntry,
  type AcceptResult,
  type Sql,
} from '@waybill/db'
import type { BatchId } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import { withDeadline } from '@waybill/runtime'
import { StorageTimeout } from '../http/to-problem.ts'
import type { DatabaseClock } from '../storage/create-database-clock.ts'

export type EntryResult = AcceptResult | { kind: 'failed'; error: unknown }

export type StoreDeps = {
  /** Called for every statement, since the pool changes after an outage. */
  sql: () => Sql
  /** A batch was committed. */
  stored: (batch: BatchId) => void
  databaseClock: Pick<DatabaseClock, 'ask'>
}

/** The server ends a statement after 1.5 s by itself: one that takes longer will not be answered. */
const noAnswerMs = 2_500

/**
 * Stores the entries in one statement. Data that the database refuses is found by halving, so that one bad entry does
 * not fail its neighbours; an entry itself is never divided. Any other error fails all, and is not tried again.
 */
export async function storeEntries(
  deps: StoreDeps,
  entries: AcceptEntry[],
  bulk: boolean,
): Promise<EntryResult[]> {
  try {
    faultPoint('accept.before-store')
    const told = deps.databaseClock.ask()
    const storing = retryDeadlocks(() => storeTriggers(deps.sql(), entries, bulk))
    const flush = await withDeadline(
      storing,
      noAnswerMs,
      () => new StorageTimeout('the accept statement hangs'),
    )
    told(flush.nowMs)
    faultPoint('accept.committed')
    if (flush.batch !== undefined) deps.stored(flush.batch)
    faultPoint('accept.enqueued')
    return flush.results
  } catch (error) {
    if (entries.length === 1 || !isRefusedData(error)) return entries.map(() => ({ kind: 'failed', error }))
    const half = entries.length >>> 1
    const first = await storeEntries(deps, entries.slice(0, half), bulk)
    return [...first, ...(await storeEntries(deps, entries.slice(half), bulk))]
  }
}

/** 23514 is what an insert without a partition for its day gets: that is no fault of the data. */
export function isRefusedData(error: unknown): boolean {
  const code = pgErrorCode(error)
  return isDataError(code) && code !== '23514'
}
