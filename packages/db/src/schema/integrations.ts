import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from './columns.ts'

/** The tenant: every other row belongs to one, every query names one. */
export const integrations = pgTable('integrations', {
  id: integer('id').primaryKey(),
  name: text('name').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})
