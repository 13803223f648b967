import { databaseHealth } from '@waybill/db'
import { withDeadline } from '@waybill/runtime'
import type { WorkerDeps } from '../deps.ts'

type Check = { ok: boolean; detail?: string }

/** Days of partitions below which a process is not ready: inserts would soon have nowhere to go. */
const minPartitionDays = 2
const answerWithinMs = 2_000

/**
 * Ready: the database answers, is migrated and has partitions ahead, and the lease holds. The queue is told but
 * does not decide: without it the sweep delivers.
 */
export async function readiness(
  deps: Pick<WorkerDeps, 'sql' | 'lease' | 'wakeUps'>,
  stopping: () => boolean,
): Promise<{ status: number; body: unknown }> {
  const database = await checkDatabase(deps)
  const checks: Record<string, Check> = {
    database,
    lease: { ok: deps.lease.holds() },
    stopping: { ok: !stopping() },
  }
  const ready = Object.values(checks).every((check) => check.ok)
  const queue = deps.wakeUps.ready() ? 'ready' : 'away: the sweep delivers'
  return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not_ready', checks, queue } }
}

async function checkDatabase({ sql }: Pick<WorkerDeps, 'sql'>): Promise<Check> {
  try {
    const health = await withDeadline(databaseHealth(sql), answerWithinMs, () => new Error('no answer'))
    if (!health.migrated) return { ok: false, detail: 'schema_outdated' }
    if (health.readOnly) return { ok: false, detail: 'the database is read-only' }
    if (health.partitionDaysAhead < minPartitionDays) return { ok: false, detail: 'partitions run out' }
    return { ok: true }
  } catch {
    return { ok: false, detail: 'the database does not answer' }
  }
}
