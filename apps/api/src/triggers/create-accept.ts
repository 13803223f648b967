import type { AcceptEntry, AcceptResult } from '@waybill/db'
import type { BatchId } from '@waybill/domain'
import { createGroupCommit, withDeadline, type GroupCommit, type Logger } from '@waybill/runtime'
import { problem, unavailable } from '../http/problem.ts'
import { mayBeAway, toProblem } from '../http/to-problem.ts'
import type { ApiMetrics } from '../metrics.ts'
import { isRefusedData, storeEntries, type EntryResult, type StoreDeps } from './store-entries.ts'

type Waiting = { entry: AcceptEntry; bytes: number; state: 'waiting' | 'sent' | 'withdrawn' }
type Group = GroupCommit<Waiting, EntryResult | undefined>

export type Accept = {
  /** Resolves after COMMIT. Throws a Problem, after `deadlineMs` at the latest. */
  submit(entry: AcceptEntry, bytes: number, deadlineMs: number): Promise<AcceptResult>
  idle(): Promise<void>
}

export type AcceptDeps = {
  sql: StoreDeps['sql']
  /** The database answered wrongly or not at all. */
  suspect: () => void
  wake: (batch: BatchId, bulk: boolean) => void
  metrics: Pick<ApiMetrics, 'flushed' | 'accepted'>
  logger: Pick<Logger, 'debug' | 'warn'>
  monotonic: () => number
}

/** Calls this large have flushes and batches of their own, behind which single triggers need not wait. */
const bulkRows = 100
const maxRows = 256
const maxBulkRows = 1_000
const maxWaitingRows = 5_000
const maxWaitingBytes = 64 * 1_048_576

/** Group commit of triggers: all requests that wait now are one statement. */
export function createAccept(deps: AcceptDeps): Accept {
  const single = createGroup(deps, false)
  const bulk = createGroup(deps, true)
  let bytesPending = 0

  return {
    submit: async (entry, bytes, deadlineMs) => {
      const rows = single.pending().rows + bulk.pending().rows
      if (rows > maxWaitingRows || bytesPending > maxWaitingBytes)
        throw unavailable('overloaded', 'Too many triggers wait for the database; please send this again.')
      const waiting: Waiting = { entry, bytes, state: 'waiting' }
      const group = entry.triggers.length >= bulkRows ? bulk : single
      bytesPending += bytes
      const stored = group.submit(waiting).finally(() => (bytesPending -= bytes))
      return toResult(await withDeadline(stored, deadlineMs, () => tooLate(deps, waiting)), deps)
    },
    idle: async () => {
      await Promise.all([single.idle(), bulk.idle()])
    },
  }
}

function createGroup(deps: AcceptDeps, bulk: boolean): Group {
  const store: StoreDeps = { sql: deps.sql, stored: (batch) => deps.wake(batch, bulk) }
  return createGroupCommit<Waiting, EntryResult | undefined>({
    weigh: ({ entry, bytes }) => ({ rows: entry.triggers.length, bytes }),
    maxRows: bulk ? maxBulkRows : maxRows,
    maxBytes: bulk ? 4 * 1_048_576 : 1_048_576,
    maxInFlight: bulk ? 1 : 2,
    flush: async (group) => {
      const live = group.filter((one) => one.state !== 'withdrawn')
      for (const one of live) one.state = 'sent'
      const results = live.length > 0 ? await measured(deps, store, live, bulk) : []
      let next = 0
      return group.map((one) => (one.state === 'withdrawn' ? undefined : results[next++]))
    },
  })
}

async function measured(
  deps: AcceptDeps,
  store: StoreDeps,
  live: Waiting[],
  bulk: boolean,
): Promise<EntryResult[]> {
  const startedAt = deps.monotonic()
  const results = await storeEntries(
    store,
    live.map((one) => one.entry),
    bulk,
  )
  const ms = deps.monotonic() - startedAt
  let rows = 0
  for (const [i, one] of live.entries()) if (results[i]?.kind === 'stored') rows += one.entry.triggers.length
  deps.metrics.flushed(rows, ms)
  deps.metrics.accepted(rows)
  const failed = results.find((result) => result.kind === 'failed')
  if (failed) deps.logger.warn('flush.failed', { entries: live.length, rows, ms, error: failed.error })
  else deps.logger.debug('flush.stored', { entries: live.length, rows, ms, bulk })
  return results
}

/** What was not sent yet is taken back, so the answer is certain; what was sent may still be committed. */
function tooLate(deps: AcceptDeps, waiting: Waiting): Error {
  deps.suspect()
  if (waiting.state === 'sent')
    return unavailable('commit_unknown', 'The database did not answer in time; this may be stored or not.')
  waiting.state = 'withdrawn'
  return unavailable('storage_unavailable', 'The database did not answer in time; nothing was stored.')
}

function toResult(result: EntryResult | undefined, deps: AcceptDeps): AcceptResult {
  if (result?.kind === 'stored' || result?.kind === 'replayed' || result?.kind === 'key_reused') return result
  const error = result?.error
  if (isRefusedData(error))
    throw problem('data_refused', 'The database refused the data of this request.', { cause: error })
  if (mayBeAway(error)) deps.suspect()
  throw toProblem(error ?? new Error('a withdrawn entry was waited for'), true)
}
