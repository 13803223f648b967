import { bigint, index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { ApiScope, IntegrationId } from '@waybill/domain'
import { bytea, instant } from './columns.ts'

/** Application tokens. Only the SHA-256 of a token is kept; `hint` is its first characters, for people. */
export const tokens = pgTable(
  'tokens',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    hash: bytea('hash').notNull().unique(),
    hint: text('hint').notNull(),
    name: text('name').notNull(),
    integrations: integer('integrations').array().$type<IntegrationId[]>().notNull(),
    /** The APIs it may call; null: all of them. */
    scopes: text('scopes').array().$type<ApiScope[]>(),
    /** Whom mails about subscriptions made with it go to, where the dialect asks for no address. */
    email: text('email'),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
    revokedAt: instant('revoked_at'),
    changedVersion: bigint('changed_version', { mode: 'number' }).notNull(),
  },
  (t) => [index('tokens_changed_version').on(t.changedVersion)],
)
