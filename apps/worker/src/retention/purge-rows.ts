import {
  purgeAcceptKeys,
  purgeAuditLog,
  purgeNotices,
  purgeSecrets,
  purgeSessions,
  purgeSubscriptions,
  type Sql,
} from '@waybill/db'
import type { Logger } from '@waybill/runtime'

/** Rows a statement deletes, and so locks. */
const atOnce = 5_000
/** The same where each row brings others of its own. */
const subscriptionsAtOnce = 100

const purges: Readonly<Record<string, (sql: Sql) => Promise<number>>> = {
  accept_keys: purgeAcceptKeys,
  notices: (sql) => purgeNotices(sql, atOnce),
  audit_log: (sql) => purgeAuditLog(sql, atOnce),
  sessions: (sql) => purgeSessions(sql, atOnce),
  subscriptions: (sql) => purgeSubscriptions(sql, subscriptionsAtOnce),
  secrets: (sql) => purgeSecrets(sql, atOnce),
}

type PurgeDeps = {
  sql: Sql
  logger: Pick<Logger, 'info'>
  step: (name: string, work: Promise<unknown>) => Promise<unknown>
}

/** Deletes what is too old from the tables that have no partitions, a few rows at a time. */
export async function purgeRows({ sql, logger, step }: PurgeDeps, signal: AbortSignal): Promise<void> {
  for (const [table, purge] of Object.entries(purges)) await step(table, purgeTable(table, purge))

  async function purgeTable(table: string, purge: (sql: Sql) => Promise<number>): Promise<void> {
    let rows = 0
    while (!signal.aborted) {
      const purged = await purge(sql)
      if (purged === 0) break
      rows += purged
    }
    if (rows > 0) logger.info('rows.purged', { table, rows })
  }
}
