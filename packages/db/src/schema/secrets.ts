import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { SubscriptionId } from '@waybill/domain'
import { bytea, instant } from './columns.ts'
import { subscriptions } from './subscriptions.ts'

/** Signing secrets, AES-256-GCM; `keyId` names the key. Several of one subscription overlap while rotating. */
export const secrets = pgTable(
  'secrets',
  {
    id: integer('id').primaryKey().generatedAlwaysAsIdentity(),
    subscription: integer('subscription')
      .$type<SubscriptionId>()
      .notNull()
      .references(() => subscriptions.id),
    ciphertext: bytea('ciphertext').notNull(),
    keyId: text('key_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    expiresAt: instant('expires_at'),
  },
  (t) => [index('secrets_subscription').on(t.subscription)],
)
