import { sql } from 'drizzle-orm'
import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { WorkerId } from '@waybill/domain'
import { instant } from './columns.ts'

/** The only lease there is: a worker's own heartbeat row. What a worker owns names this id. */
export const workers = pgTable('workers', {
  // By chance, not counted: in a database restored from an older copy a counter would give out ids that are still in use.
  id: integer('id')
    .$type<WorkerId>()
    .primaryKey()
    .default(sql`floor(random() * 2147483647)::int`),
  startedAt: instant('started_at').notNull().defaultNow(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  host: text('host').notNull(),
})
