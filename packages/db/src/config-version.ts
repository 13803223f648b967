import { sql } from 'drizzle-orm'
import type { OrmOrTransaction } from './open-database.ts'
import { config } from './schema/index.ts'

/**
 * Announces a change of a subscription, secret or token: raises the version in the change's own transaction. The
 * row lock it takes puts such changes in one order, so a reader that has seen version v has seen every change ≤ v. It is
 * the time in ms or later: in a database restored from an older copy no change gets a version that readers saw before.
 */
export async function raiseConfigVersion(tx: OrmOrTransaction): Promise<number> {
  const [row] = await tx
    .update(config)
    .set({
      version: sql`greatest(${config.version} + 1, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`,
    })
    .returning({ version: config.version })
  if (!row) throw new Error('the config row is missing: run the migrations')
  return row.version
}
