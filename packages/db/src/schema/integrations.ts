import { integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { IntegrationId } from '@waybill/domain'
import { instant } from './columns.ts'

/** The tenant: every other row belongs to one, every query names one. */
export const integrations = pgTable('integrations', {
  id: integer('id').$type<IntegrationId>().primaryKey(),
  name: text('name').notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
})
