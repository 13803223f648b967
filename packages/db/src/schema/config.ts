import { bigint, boolean, check, pgTable } from 'drizzle-orm/pg-core'
import { sql } from 'drizzle-orm'
import { bytea } from './columns.ts'

/**
 * One row. `version` grows in the transaction of every change of a subscription, secret or token, so that a
 * worker's claim can tell it that its snapshot is old. `keyCheck` proves that a process was given the same
 * master key as the one that made the installation's ids and secrets.
 */
export const config = pgTable(
  'config',
  {
    one: boolean('one').primaryKey().default(true),
    version: bigint('version', { mode: 'number' }).notNull().default(1),
    keyCheck: bytea('key_check'),
  },
  (t) => [check('config_one_row', sql`${t.one}`)],
)
