import { setTimeout as delay } from 'node:timers/promises'
import type { DataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { otherOwner } from './owner-file.ts'
import { runningPostmaster } from './postmaster-file.ts'
import type { Postmaster } from './postmaster-file.ts'

const settleTimeoutMs = 60_000

/**
 * The server that an earlier process left running on this cluster, once it accepts connections; `undefined` when there
 * is none, or when it was just going down.
 *
 * @throws EmbeddedPostgresError `in_use` when its owner is alive, `start_failed` when it neither comes up nor goes
 */
export async function adoptServer(
  layout: DataLayout,
  logger: (line: string) => void,
): Promise<Postmaster | undefined> {
  const giveUpAt = Date.now() + settleTimeoutMs
  for (;;) {
    const found = await runningPostmaster(layout)
    if (found === undefined) return undefined
    const owner = await otherOwner(layout)
    if (owner !== undefined) throw inUse(layout, owner)
    if (found.status === 'ready') {
      logger(`PostgreSQL was still running in ${layout.root} (process ${found.pid}); using it`)
      return found
    }
    if (Date.now() > giveUpAt) {
      throw new EmbeddedPostgresError(
        'start_failed',
        `PostgreSQL (process ${found.pid}) runs in ${layout.root} but is ${found.status || 'not ready'}; see ${layout.log}`,
      )
    }
    await delay(100)
  }
}

function inUse(layout: DataLayout, owner: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'in_use',
    `The database in ${layout.root} belongs to another running process (${owner}). Stop that one first.`,
  )
}
