import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { WorkerId } from '@waybill/domain'
import { instant } from './columns.ts'

/** The only lease there is: a worker's own heartbeat row. What a worker owns names this id. */
export const workers = pgTable('workers', {
  id: integer('id').$type<WorkerId>().primaryKey().generatedAlwaysAsIdentity(),
  startedAt: instant('started_at').notNull().defaultNow(),
  seenAt: instant('seen_at').notNull().defaultNow(),
  host: text('host').notNull(),
})
