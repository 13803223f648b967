import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  pgTable,
  smallint,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core'
import type { IntegrationId, SubscriptionId } from '@waybill/domain'
import { instant } from './columns.ts'
import { integrations } from './integrations.ts'

/** Paused: deliveries wait. Inactive: no new deliveries. The numbers are stored. */
export const subscriptionState = { active: 1, paused: 2, inactive: 3 } as const
export type SubscriptionState = keyof typeof subscriptionState

/**
 * What a subscription listens to. `eventIds` absent: every event its profile has a name for. `all`: its maker asked for
 * every event of its kind, which `eventIds` lists. `facilities` absent: every facility. `audience` tells a vendor's two
 * kinds of webhook apart.
 */
export type SubscriptionFilters = {
  eventIds?: number[]
  all?: true
  facilities?: string[]
  audience?: 'facility' | 'user'
}

/** Where an integrator listens, to what, in which shape. What a delivery must freeze lives in `revisions`. */
export const subscriptions = pgTable(
  'subscriptions',
  {
    id: integer('id').$type<SubscriptionId>().primaryKey().generatedAlwaysAsIdentity(),
    integration: integer('integration')
      .$type<IntegrationId>()
      .notNull()
      .references(() => integrations.id),
    key: text('key').notNull(),
    profile: smallint('profile').notNull(),
    state: smallint('state').notNull(),
    revision: integer('revision').notNull(),
    filters: jsonb('filters').$type<SubscriptionFilters>().notNull(),
    successCode: text('success_code'),
    horizonSeconds: integer('horizon_seconds').notNull(),
    timeoutMs: integer('timeout_ms').notNull(),
    inFlightLimit: smallint('in_flight_limit').notNull(),
    notify: boolean('notify').notNull().default(false),
    notificationEmails: text('notification_emails'),
    /** The application token it was made with, where the dialect shows that; null for a person's. */
    application: integer('application'),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    deletedAt: instant('deleted_at'),
    /** Set while it is paused. */
    pausedAt: instant('paused_at'),
    /** How long it was paused in all before now's pause, in ms. */
    pausedMs: bigint('paused_ms', { mode: 'number' }).notNull().default(0),
    changedVersion: bigint('changed_version', { mode: 'number' }).notNull(),
  },
  (t) => [
    uniqueIndex('subscriptions_integration_key')
      .on(t.integration, t.key)
      .where(sql`deleted_at IS NULL`),
    index('subscriptions_changed_version').on(t.changedVersion),
  ],
)
