import {
  countOpenBatches,
  countWaiting,
  newestInWindow,
  readAuditWindow,
  type AuditWindow,
  type OpenBatches,
  type Sql,
  type Violation,
  type ViolationKind,
  type Waiting,
} from '@waybill/db'
import { firstLook, secondLook, type Found } from './look-twice.ts'
import { balance, type Balance } from './balance.ts'

/**
 * accepted × matched = delivered + failed + skipped + duplicated + ignored + pending, in a window of ids, with all that
 * contradicts it.
 */
export type LedgerReport = {
  window: AuditWindow
  open: OpenBatches
  balance: Balance
  violations: Violation[]
  /** There are more violations than were looked at. */
  truncated: boolean
  waiting: Waiting[]
}

export type AuditDeps = {
  /**
   * A pool that plans each statement anew: one plan for all pages would be many times too slow. Taken at each use, because
   * after an outage it is another.
   */
  sql: () => Sql
  pause: (ms: number) => Promise<void>
}

export type AuditOptions = {
  /** How far back to go, in ms; undefined: everything that is kept. */
  sinceMs: number | undefined
  /** The cheap form: of the window only so many of the newest rows are counted and compared, and nothing waiting. */
  newest?: number
  /** Rows of a page. */
  rows: number
  /** Between the two looks; longer than two sweeps, since they heal what may be seen in passing. */
  secondLookMs: number
  signal?: AbortSignal
}

const lanesAtOnce = 1_000
const comparesTables: ReadonlySet<ViolationKind> = new Set([
  'attempts_differ',
  'planned_but_missing',
  'matched_but_missing',
])
/** A pause of this length can be ended. */
const pauseMs = 250

/**
 * Audits the ledger. What seems wrong is looked at again after a while, so that a system at work gives no false alarm.
 * Throws when the database does not answer.
 */
export async function auditLedger(deps: AuditDeps, options: AuditOptions): Promise<LedgerReport> {
  const { sinceMs, newest } = options
  const whole = await readAuditWindow(deps.sql(), sinceMs)
  const window = newest === undefined ? whole : await newestInWindow(deps.sql(), whole, newest)
  const first = await firstLook(deps, whole, window, options)
  const confirmed = await confirm(deps, first.violations, window, options)
  const open = await countOpenBatches(deps.sql())
  const violations = confirmed.map(({ missing: _missing, ...violation }) => violation)
  return {
    window,
    open,
    balance: balance(first.accepted, first.counts, open, confirmed),
    violations,
    truncated: first.truncated,
    waiting: newest === undefined ? await allWaiting(deps) : [],
  }
}

async function confirm(
  deps: AuditDeps,
  found: readonly Found[],
  window: AuditWindow,
  { secondLookMs, signal }: AuditOptions,
): Promise<Found[]> {
  if (found.length === 0) return []
  for (let left = secondLookMs; left > 0 && !signal?.aborted; left -= pauseMs)
    await deps.pause(Math.min(pauseMs, left))
  if (signal?.aborted) return []
  const again = await secondLook(deps, found, window)
  // History that is being removed goes table by table.
  const { from: floor } = await readAuditWindow(deps.sql(), undefined)
  return again.filter(({ kind, id }) => id >= floor || !comparesTables.has(kind))
}

async function allWaiting(deps: AuditDeps): Promise<Waiting[]> {
  const found: Waiting[] = []
  for (let after: number | undefined = 0; after !== undefined;) {
    const { next, waiting } = await countWaiting(deps.sql(), after, lanesAtOnce)
    found.push(...waiting)
    after = next
  }
  return found
}
