import type { Logger } from '@waybill/runtime'
import { openDatabase, type SqlOrTransaction } from '../open-database.ts'

const wanted = ['fsync', 'full_page_writes', 'synchronous_commit']

/** Those settings that are off and by which a commit would not outlive a crash of the server. */
async function findLossySettings(sql: SqlOrTransaction): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT name FROM unnest(${wanted}::text[]) AS name WHERE current_setting(name) = 'off'`
  return rows.map(({ name }) => name)
}

const loses = (off: readonly string[]) =>
  `would lose what was accepted if it crashed: off is ${off.join(', ')}`

/**
 * Looks whether a commit outlives a crash of the server. In production it throws when one of these settings is off, else
 * it warns. It asks as every statement of ours does, so it sees what was set for this role or database alone.
 */
export async function checkDurability(
  sql: SqlOrTransaction,
  production: boolean,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  const off = await findLossySettings(sql)
  if (off.length === 0) return
  if (production) throw new Error(`the database ${loses(off)}`)
  logger.warn('database.not-durable', { off: off.join(', ') })
}

/**
 * What is wrong with a running database's durability, in words, or nothing. It asks over a connection of its own: what is set
 * for a role or a database holds for new connections only, and the pools' may be old.
 */
export async function findDurabilityProblem(url: string): Promise<string | undefined> {
  const database = openDatabase({
    url,
    applicationName: 'waybill-look',
    hotConnections: 1,
    otherConnections: 1,
    statementTimeoutMs: 5_000,
  })
  try {
    const off = await findLossySettings(database.sql)
    return off.length === 0 ? undefined : loses(off)
  } finally {
    await database.close()
  }
}
