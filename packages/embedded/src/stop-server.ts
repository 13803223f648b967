import { setTimeout as delay } from 'node:timers/promises'
import type { DataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import type { Binaries } from './find-binaries.ts'
import { runningPostmaster } from './postmaster-file.ts'
import { processIdentity } from './process-identity.ts'
import { runCommand } from './run-command.ts'
import type { ServerAccount } from './server-account.ts'

/** `fast` rolls back what is open and writes a checkpoint; `immediate` leaves that to the next start's recovery. */
export type StopMode = 'fast' | 'immediate'

const stopTimeoutSeconds = 60

/**
 * Stops the server with this `pid` and waits until it is gone. No server, or a later one, is fine.
 *
 * @throws EmbeddedPostgresError `stop_failed`
 */
export async function stopServer(
  layout: DataLayout,
  binaries: Binaries,
  account: ServerAccount,
  pid: number,
  mode: StopMode,
): Promise<void> {
  let output = ''
  for (const attempt of mode === 'fast' ? ['fast', 'immediate'] : ['immediate']) {
    if ((await runningPostmaster(layout))?.pid !== pid) return
    const args = ['stop', `--pgdata=${layout.cluster}`, `--mode=${attempt}`, '--wait']
    const result = await runCommand(binaries.pgCtl, [...args, `--timeout=${stopTimeoutSeconds}`], account)
    if (result.ok) return untilGone(pid)
    output = result.output
  }
  if ((await runningPostmaster(layout))?.pid !== pid) return
  throw new EmbeddedPostgresError('stop_failed', `PostgreSQL (process ${pid}) does not stop: ${output}`)
}

/** pg_ctl only waits for postmaster.pid to vanish, which is a moment earlier. */
async function untilGone(pid: number): Promise<void> {
  const giveUpAt = Date.now() + 5_000
  while ((await processIdentity(pid)) !== undefined && Date.now() < giveUpAt) await delay(10)
}
