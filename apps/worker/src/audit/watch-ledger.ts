import { isEldestWorker } from '@waybill/db'
import type { WorkerDeps } from '../deps.ts'
import { auditLedger } from './audit-ledger.ts'
import type { LedgerGauges } from './ledger-gauges.ts'

/** What is counted and compared each time; unsettled deliveries are searched for in the whole day. */
const newest = 50_000
const dayMs = 86_400_000
const rows = 5_000
/** Violations named in the log each time. */
const named = 20

/** One audit in the cheap form, if this is the worker that audits for all. */
export async function watchLedger(
  deps: Pick<WorkerDeps, 'sql' | 'storage' | 'lease' | 'config' | 'logger' | 'pause'>,
  gauges: LedgerGauges,
  signal: AbortSignal,
): Promise<void> {
  const { lease, storage, config, logger, pause } = deps
  if (!(await isEldestWorker(deps.sql, lease.worker, config.lease.heartbeatMs * 3))) return gauges.clear()
  // What the sweep heals within two turns is no violation.
  const secondLookMs = config.sweepMs * 2 + 2_000
  const options = { sinceMs: dayMs, newest, rows, secondLookMs, signal }
  const report = await auditLedger({ sql: () => storage.read, pause }, options)
  if (signal.aborted) return
  gauges.show(report)
  for (const { kind, subject, id, subscription } of report.violations.slice(0, named))
    logger.error('ledger.violated', { kind, subject, id, subscription })
}
