import type { Sql } from '@waybill/db'
import { setTimeout as pause } from 'node:timers/promises'

/** What is still open: batches that are not set aside, and due rows a lane will send. */
async function openWork(sql: Sql): Promise<number> {
  const [row] = await sql<{ open: number }[]>`
    SELECT ((SELECT count(*) FROM batches WHERE quarantined_at IS NULL) + (SELECT count(*) FROM due))::int AS open`
  return row?.open ?? -1
}

/**
 * Resolves once nothing has been open for `stillMs` (2 sweeps); returns the seconds until it began to be so. A database
 * that is away counts as open. Throws after `timeoutMs`.
 */
export async function quiesce(sql: Sql, { timeoutMs = 90_000, stillMs = 800 } = {}): Promise<number> {
  const startedAt = performance.now()
  let stillSince: number | undefined
  let last: unknown
  for (;;) {
    const open = await openWork(sql).catch((error: unknown) => {
      last = error
      return -1
    })
    const now = performance.now()
    if (open === 0) stillSince ??= now
    else stillSince = undefined
    if (stillSince !== undefined && now - stillSince >= stillMs) return (stillSince - startedAt) / 1_000
    if (now - startedAt > timeoutMs)
      throw new Error(
        `not drained within ${timeoutMs / 1_000} s: ${open} open ${last instanceof Error ? last.message : ''}`,
      )
    await pause(50)
  }
}
