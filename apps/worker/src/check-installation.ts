import { checkDurability, checkMasterKey, refuseOldSchema, type MasterKeys, type Sql } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'

const answerWithinMs = 15_000

/**
 * Throws when the database does not answer, has a schema older than this worker's, was made with another master key or,
 * in production, could lose what it acknowledged. The worker ends then, with the reason as its last line; whoever
 * supervises it starts it again.
 */
export async function checkInstallation(
  sql: Sql,
  keys: MasterKeys,
  production: boolean,
  logger: Pick<Logger, 'warn'>,
): Promise<void> {
  const ask = async () => {
    await refuseOldSchema(sql)
    await checkMasterKey(sql, keys)
    await checkDurability(sql, production, logger)
  }
  await withDeadline(ask(), answerWithinMs, () => new Error('the database does not answer'))
}
