import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { SubscriptionId } from '@waybill/domain'
import { instant } from './columns.ts'
import { subscriptions } from './subscriptions.ts'

/** Append-only: what a subscription was when a plan was frozen. `view` null: the profile's default view. */
export const revisions = pgTable(
  'revisions',
  {
    subscription: integer('subscription')
      .$type<SubscriptionId>()
      .notNull()
      .references(() => subscriptions.id),
    revision: integer('revision').notNull(),
    name: text('name').notNull(),
    url: text('url').notNull(),
    view: text('view'),
    viewVersion: integer('view_version'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.subscription, t.revision] })],
)
