import type { AcceptEntry } from '@waybill/db'
import type { BatchId } from '@waybill/domain'
import { createGroupCommit, type GroupCommit, type Logger } from '@waybill/runtime'
import type { StoreHealth } from '../health/create-store-health.ts'
import type { ApiMetrics } from '../metrics.ts'
import { storeEntries, type EntryResult, type StoreDeps } from './store-entries.ts'

export type Waiting = { entry: AcceptEntry; bytes: number; state: 'waiting' | 'sent' | 'withdrawn' }
type AcceptGroup = GroupCommit<Waiting, EntryResult | undefined>

export type AcceptGroupDeps = {
  sql: StoreDeps['sql']
  databaseClock: StoreDeps['databaseClock']
  /** @param bulk how much the integration sent of late, for a batch of a flood */
  wake: (batch: BatchId, bulk: number | undefined) => void
  metrics: Pick<ApiMetrics, 'flushed' | 'accepted'>
  storing: Pick<StoreHealth, 'stored' | 'failed'>
  logger: Pick<Logger, 'debug' | 'warn'>
  monotonic: () => number
}

export type AcceptGroupOptions = {
  maxRows: number
  maxInFlight: number
  /** Of bulk groups: waits for the turn of a flush. */
  turn?: <T>(work: () => Promise<T>) => Promise<T>
  /** Of bulk groups: what the integration sent of late. */
  amount?: () => number
}

/** Group commit of triggers: what waits together is one statement and, if it is stored, one batch. */
export function createAcceptGroup(
  deps: AcceptGroupDeps,
  { turn, amount, ...limits }: AcceptGroupOptions,
): AcceptGroup {
  const bulk = amount !== undefined
  const store: StoreDeps = {
    sql: deps.sql,
    databaseClock: deps.databaseClock,
    stored: (batch) => deps.wake(batch, amount?.()),
  }
  const flush = async (group: Waiting[]) => {
    const live = group.filter((one) => one.state !== 'withdrawn')
    for (const one of live) one.state = 'sent'
    const results = live.length > 0 ? await measured(deps, store, live, bulk) : []
    let next = 0
    return group.map((one) => (one.state === 'withdrawn' ? undefined : results[next++]))
  }
  return createGroupCommit<Waiting, EntryResult | undefined>({
    weigh: ({ entry, bytes }) => ({ rows: entry.triggers.length, bytes }),
    ...limits,
    flush: (group) => (turn ? turn(() => flush(group)) : flush(group)),
  })
}

async function measured(
  deps: AcceptGroupDeps,
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
  if (rows > 0) deps.storing.stored()
  const failed = results.find((result) => result.kind === 'failed')
  if (failed) {
    deps.storing.failed(failed.error)
    deps.logger.warn('flush.failed', { entries: live.length, rows, ms, error: failed.error })
  } else deps.logger.debug('flush.stored', { entries: live.length, rows, ms, bulk })
  return results
}
