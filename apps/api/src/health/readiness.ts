import { databaseHealth, type Storage } from '@waybill/db'
import type { WakeUps } from '@waybill/queue'
import { withDeadline } from '@waybill/runtime'
import type { Answer } from '../http/send-answer.ts'
import type { StoreHealth } from './create-store-health.ts'
import type { DatabaseClock } from '../storage/create-database-clock.ts'
import type { InstallationCheck } from '../storage/create-installation-check.ts'

export type HealthDeps = {
  storage: Pick<Storage, 'sql' | 'suspect'>
  wakeUps: Pick<WakeUps, 'ready'>
  installation: InstallationCheck
  storing: Pick<StoreHealth, 'failing'>
  databaseClock: Pick<DatabaseClock, 'ask'>
  stopping: () => boolean
}

type Check = { ok: boolean; detail?: string }

const minPartitionDays = 2
const answerWithinMs = 1_500

/**
 * Ready: triggers can be stored. The queue does not decide, because without it they are still accepted and the
 * workers' sweep delivers them.
 */
export async function readiness(deps: HealthDeps, verbose: boolean): Promise<Answer> {
  const failing = deps.storing.failing()
  const storing: Check = failing === undefined ? { ok: true } : { ok: false, detail: failing }
  const checks = { ...(await checkDatabase(deps)), storing, stopping: { ok: !deps.stopping() } }
  const queue: Check = deps.wakeUps.ready() ? { ok: true } : { ok: false, detail: 'away: the sweep delivers' }
  const ready = Object.values(checks).every((check) => check.ok)
  const status = ready ? (queue.ok ? 'ready' : 'degraded') : 'not_ready'
  return { status: ready ? 200 : 503, body: { status, ...(verbose ? { checks: { ...checks, queue } } : {}) } }
}

async function checkDatabase(
  deps: HealthDeps,
): Promise<Record<'database' | 'migrations' | 'partitions' | 'master_key', Check>> {
  const masterKey = deps.installation.state()
  const key: Check = masterKey === 'passed' ? { ok: true } : { ok: false, detail: masterKey }
  try {
    const told = deps.databaseClock.ask()
    const asked = databaseHealth(deps.storage.sql)
    const health = await withDeadline(asked, answerWithinMs, () => new Error('no answer'))
    if (health.nowMs !== undefined) told(health.nowMs)
    return {
      database: health.readOnly ? { ok: false, detail: 'read-only' } : { ok: true },
      migrations: health.migrated ? { ok: true } : { ok: false, detail: 'schema_outdated' },
      partitions: {
        ok: health.partitionDaysAhead >= minPartitionDays,
        detail: `${health.partitionDaysAhead} days ahead`,
      },
      master_key: key,
    }
  } catch {
    deps.storage.suspect()
    const unknown: Check = { ok: false, detail: 'not known' }
    return {
      database: { ok: false, detail: 'does not answer' },
      migrations: unknown,
      partitions: unknown,
      master_key: key,
    }
  }
}
