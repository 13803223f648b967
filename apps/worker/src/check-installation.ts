import { checkMasterKey, refuseOldSchema, type MasterKeys, type Sql } from '@waybill/db'
import { withDeadline } from '@waybill/runtime'

const answerWithinMs = 15_000

/**
 * Throws when the database does not answer, has a schema older than this worker's or was made with another master key.
 * The worker ends then, with the reason as its last line; whoever supervises it starts it again.
 */
export async function checkInstallation(sql: Sql, keys: MasterKeys): Promise<void> {
  const asked = refuseOldSchema(sql).then(() => checkMasterKey(sql, keys))
  await withDeadline(asked, answerWithinMs, () => new Error('the database does not answer'))
}
