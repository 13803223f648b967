import { index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core'
import type { IntegrationId } from '@waybill/domain'
import { instant } from './columns.ts'

/** Who changed what: configuration and people's actions, never deliveries' own moves. */
export const auditLog = pgTable(
  'audit_log',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    at: instant('at').notNull().defaultNow(),
    actor: text('actor').notNull(),
    integration: integer('integration').$type<IntegrationId>(),
    action: text('action').notNull(),
    target: text('target').notNull(),
    details: jsonb('details').$type<Record<string, unknown>>().notNull(),
  },
  (t) => [index('audit_log_integration').on(t.integration, t.id)],
)
