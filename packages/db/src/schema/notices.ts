import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, smallint, text, unique } from 'drizzle-orm/pg-core'
import type { IntegrationId } from '@waybill/domain'
import { instant } from './columns.ts'

/**
 * What a person must be told; a (kind, ref) is noticed once. `sentAt` null: not told yet, the next try comes at
 * `nextTryAt`, which also keeps two workers from telling it at once. `note` says why nobody was told, or could not be.
 */
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
    tries: smallint('tries').notNull().default(0),
    nextTryAt: instant('next_try_at').notNull().defaultNow(),
    note: text('note'),
  },
  (t) => [
    unique('notices_kind_ref').on(t.kind, t.ref),
    index('notices_untold')
      .on(t.nextTryAt)
      .where(sql`sent_at IS NULL`),
    index('notices_integration').on(t.integration, t.id),
  ],
)
