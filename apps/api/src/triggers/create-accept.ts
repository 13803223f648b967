import { setTimeout as pause } from 'node:timers/promises'
import type { AcceptEntry, AcceptResult } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'
import { withDeadline } from '@waybill/runtime'
import { problem, unavailable } from '../http/problem.ts'
import { mayBeAway, toProblem } from '../http/to-problem.ts'
import { createAcceptGroup, type AcceptGroupDeps, type Waiting } from './create-accept-group.ts'
import { createBulkGroups } from './create-bulk-groups.ts'
import { createShareMeter } from './create-share-meter.ts'
import { isRefusedData, type EntryResult } from './store-entries.ts'

/** What can be answered with. */
export type KnownResult = Exclude<AcceptResult, { kind: 'unknown' }>

export type Accept = {
  /** Resolves after COMMIT. Throws a Problem, after `deadlineMs` at the latest. */
  submit(entry: AcceptEntry, bytes: number, deadlineMs: number): Promise<KnownResult>
  /** Throws for a caller that speaks for nobody but integrations of which too much waits: before its body costs anything. */
  refuseFlood(integrations: ReadonlySet<IntegrationId>): void
  idle(): Promise<void>
}

export type AcceptDeps = AcceptGroupDeps & {
  /** The database answered wrongly or not at all. */
  suspect: () => void
}

/** Calls this large have flushes and batches of their own, behind which single triggers need not wait. */
const bulkRows = 100
const maxRows = 256
/** While others send, bulk flushes take half of the time at most; what waits meanwhile makes larger flushes. */
const [leastPauseMs, mostPauseMs] = [10, 100]
const maxBytes = 64 * 1_048_576
/**
 * What may wait: of the triggers that are not bulk, of those that are, and of one integration's bulk while others send. More of
 * the first would not be stored within a caller's 1.8 s when this process is so busy that a flush takes a third of a second.
 */
const maxWaiting = { rows: 2_000, bulkRows: 6_000, bulkRowsOfOne: 3_000 }

/** Group commit of triggers: all requests that wait now are one statement, except for those of a flood. */
export function createAccept(deps: AcceptDeps): Accept {
  const share = createShareMeter(deps.monotonic)
  const single = createAcceptGroup(deps, { maxRows, maxInFlight: 2 })
  const pauseAfter = (tookMs: number) =>
    share.senders() > 1 ? pause(Math.min(mostPauseMs, Math.max(leastPauseMs, tookMs))) : undefined
  const bulk = createBulkGroups<Waiting, EntryResult | undefined>(
    deps.monotonic,
    pauseAfter,
    (turn, amount) => createAcceptGroup(deps, { maxRows, maxInFlight: 1, turn, amount }),
  )
  let bytesPending = 0

  const submit = (integration: IntegrationId, waiting: Waiting): Promise<EntryResult | undefined> => {
    const { length } = waiting.entry.triggers
    const amount = share.count(integration, length)
    if (length < bulkRows && !share.isOver(integration)) {
      refuseOver(single.pending().rows, maxWaiting.rows)
      return single.submit(waiting)
    }
    refuseOver(bulk.rows(), maxWaiting.bulkRows)
    if (isFull(integration)) throw tooManyWaiting()
    return bulk.submit(integration, amount, waiting)
  }
  const isFull = (integration: IntegrationId) =>
    share.senders() > 1 && bulk.rowsOf(integration) > maxWaiting.bulkRowsOfOne
  return {
    refuseFlood: (integrations) => {
      if (integrations.size === 0 || bulk.rows() <= maxWaiting.bulkRowsOfOne) return
      for (const integration of integrations) if (!isFull(integration)) return
      throw tooManyWaiting()
    },
    submit: async (entry, bytes, deadlineMs) => {
      refuseOver(bytesPending, maxBytes)
      const waiting: Waiting = { entry, bytes, state: 'waiting' }
      const submitted = submit(entry.integration, waiting)
      bytesPending += bytes
      const stored = submitted.finally(() => (bytesPending -= bytes))
      return toResult(await withDeadline(stored, deadlineMs, () => tooLate(deps, waiting)), deps)
    },
    idle: async () => {
      await Promise.all([single.idle(), bulk.idle()])
    },
  }
}

function refuseOver(waiting: number, most: number): void {
  if (waiting > most)
    throw unavailable('overloaded', 'Too many triggers wait for the database; please send this again.')
}

const tooManyWaiting = () =>
  problem('too_many_waiting', 'Too many triggers of this integration wait; please send this again.', {
    headers: { 'retry-after': '1' },
  })

/** What was not sent yet is taken back, so the answer is certain; what was sent may still be committed. */
function tooLate(deps: AcceptDeps, waiting: Waiting): Error {
  deps.suspect()
  if (waiting.state === 'sent')
    return unavailable('commit_unknown', 'The database did not answer in time; this may be stored or not.')
  waiting.state = 'withdrawn'
  return unavailable('storage_unavailable', 'The database did not answer in time; nothing was stored.')
}

function toResult(result: EntryResult | undefined, deps: AcceptDeps): KnownResult {
  if (result?.kind === 'stored' || result?.kind === 'replayed' || result?.kind === 'key_reused') return result
  const error = result?.error
  if (result?.kind === 'unknown') {
    if (mayBeAway(error)) deps.suspect()
    throw unavailable(
      'commit_unknown',
      'What this key was used for could not be read; it may be stored.',
      error,
    )
  }
  if (isRefusedData(error))
    throw problem('data_refused', 'The database refused the data of this request.', { cause: error })
  if (mayBeAway(error)) deps.suspect()
  throw toProblem(error ?? new Error('a withdrawn entry was waited for'), true)
}
