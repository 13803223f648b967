import { integer, jsonb, pgTable, text, unique } from 'drizzle-orm/pg-core'
import type { IntegrationId } from '@waybill/domain'
import { instant } from './columns.ts'

/** What a person must be told; a (kind, ref) is noticed once. `sentAt` null: not told yet. */
export const notices = pgTable(
  'notices',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    kind: text('kind').notNull(),
    ref: text('ref').notNull(),
    integration: integer('integration').$type<IntegrationId>(),
    details: jsonb('details').$type<Record<string, unknown>>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    sentAt: instant('sent_at'),
  },
  (t) => [unique('notices_kind_ref').on(t.kind, t.ref)],
)
