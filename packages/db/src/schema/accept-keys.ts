import { index, integer, pgTable, primaryKey, smallint } from 'drizzle-orm/pg-core'
import type { IntegrationId, TriggerId } from '@waybill/domain'
import { bytea, instant, number } from './columns.ts'

/** `kind` of an accept key. */
export const acceptKeyKind = { idempotency: 1, occurrence: 2 } as const

/** Keys that may be used once: `trigger` is the first (of n, for a batch call) that came with the key. */
export const acceptKeys = pgTable(
  'accept_keys',
  {
    integration: integer('integration').$type<IntegrationId>().notNull(),
    kind: smallint('kind').notNull(),
    key: bytea('key').notNull(),
    bodyHash: bytea('body_hash'),
    trigger: number('trigger').$type<TriggerId>().notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.integration, t.kind, t.key] }),
    index('accept_keys_created_at').using('brin', t.createdAt),
  ],
)
