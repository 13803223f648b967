import { setTimeout as pause } from 'node:timers/promises'
import type postgres from 'postgres'
import { pgErrorCode } from '../pg-error.ts'

/**
 * How long a transaction may wait for its locks, all together: whoever comes after a waiting `ALTER TABLE` waits with it,
 * and the api gives a statement a second.
 */
const mostWaitMs = 500
/** What is left to a statement late in a transaction; its locks are as a rule held already. */
const leastWaitMs = 20
const giveUpAfterMs = 300_000
const longestPauseMs = 3_000

/** Not available in time (55P03), or a deadlock (40P01). Nothing was done in either case. */
const lockCodes = new Set(['55P03', '40P01'])

export type Run = (statement: string) => Promise<postgres.RowList<postgres.Row[]>>

/**
 * Runs `work` in a transaction that gives way to others when it does not get its locks soon, and tries again, more and
 * more rarely, for five minutes. `run` in it keeps the sum of all waits short.
 */
export async function retryLocks<T>(
  client: postgres.Sql,
  log: (text: string) => void,
  work: (tx: postgres.TransactionSql, run: Run) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  for (let tries = 1; ; tries += 1) {
    try {
      // `begin` unwraps promises in arrays; a box keeps the type as it is.
      const { result } = await client.begin(async (tx) => ({ result: await inTime(tx, work) }))
      return result
    } catch (error) {
      const code = pgErrorCode(error)
      if (!lockCodes.has(code ?? '') || performance.now() - startedAt > giveUpAfterMs) throw error
      if (tries === 1) log('others hold a lock that is needed; trying again until it is free')
      await pause(Math.min(longestPauseMs, 200 * 2 ** tries) * (0.5 + Math.random() / 2))
    }
  }
}

async function inTime<T>(
  tx: postgres.TransactionSql,
  work: (tx: postgres.TransactionSql, run: Run) => Promise<T>,
): Promise<T> {
  const startedAt = performance.now()
  const limit = async () => {
    const left = mostWaitMs - (performance.now() - startedAt)
    await tx.unsafe(`SET LOCAL lock_timeout = ${Math.max(leastWaitMs, Math.round(left))}`)
  }
  await limit()
  return work(tx, async (statement) => {
    await limit()
    return tx.unsafe(statement)
  })
}
