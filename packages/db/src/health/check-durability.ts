import type { Logger } from '@waybill/runtime'
import type { SqlOrTransaction } from '../open-database.ts'

const wanted = ['fsync', 'full_page_writes', 'synchronous_commit']

/**
 * Looks whether a commit outlives a crash of the server. In production it throws when one of these settings is off, else
 * it warns. It asks as every statement of ours does, so it sees what was set for this role or database alone.
 */
export async function checkDurability(
  sql: SqlOrTransaction,
  production: boolean,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  const rows = await sql<{ name: string }[]>`
    SELECT name FROM unnest(${wanted}::text[]) AS name WHERE current_setting(name) = 'off'`
  if (rows.length === 0) return
  const off = rows.map(({ name }) => name).join(', ')
  if (production) throw new Error(`the database would lose what was accepted if it crashed: off is ${off}`)
  logger.warn('database.not-durable', { off })
}
