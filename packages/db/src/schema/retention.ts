import { boolean, check, integer, pgTable } from 'drizzle-orm/pg-core'
import { sql } from 'drizzle-orm'
import { number } from './columns.ts'

/** One row: how long history is kept, how wide a partition is, and the id below which only the unsettled is kept. */
export const retention = pgTable(
  'retention',
  {
    one: boolean('one').primaryKey().default(true),
    days: integer('days').notNull().default(30),
    partitionDays: integer('partition_days').notNull().default(2),
    floor: number('floor').notNull().default(0),
  },
  (t) => [check('retention_one_row', sql`${t.one}`), check('retention_days_min', sql`${t.days} >= 14`)],
)
