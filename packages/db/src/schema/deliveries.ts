import { sql } from 'drizzle-orm'
import { index, integer, pgTable, smallint, text } from 'drizzle-orm/pg-core'
import type { DeliveryId, IntegrationId, SubscriptionId, TriggerId } from '@waybill/domain'
import { instant, number } from './columns.ts'

/** One trigger × one subscription; partitioned by id. `generation` grows when a person redelivers or ignores. */
export const deliveries = pgTable(
  'deliveries',
  {
    id: number('id').$type<DeliveryId>().primaryKey(),
    trigger: number('trigger').$type<TriggerId>().notNull(),
    integration: integer('integration').$type<IntegrationId>().notNull(),
    subscription: integer('subscription').$type<SubscriptionId>().notNull(),
    revision: integer('revision').notNull(),
    profile: smallint('profile').notNull(),
    status: smallint('status').notNull(),
    eventId: smallint('event_id').notNull(),
    orderStatus: smallint('order_status'),
    generation: integer('generation').notNull(),
    attempts: smallint('attempts').notNull(),
    lastCode: smallint('last_code'),
    err: text('err'),
    createdAt: instant('created_at').notNull(),
    lastSentAt: instant('last_sent_at'),
  },
  (t) => [
    index('deliveries_trigger').on(t.trigger),
    index('deliveries_subscription').on(t.subscription, t.id),
    // Newest first with the never sent last, and the other way round when read backwards.
    // Only the PlanOmatic jobs are sorted so: a page of them must not walk through other dialects' deliveries.
    index('deliveries_last_sent_at')
      .on(t.integration, t.lastSentAt.desc().nullsLast(), t.id.desc().nullsFirst())
      .where(sql`profile IN (1, 2)`),
    index('deliveries_event').on(t.integration, t.eventId, t.id),
    index('deliveries_last_code').on(t.integration, t.lastCode.desc().nullsLast(), t.id.desc().nullsFirst()),
    index('deliveries_undelivered')
      .on(t.subscription, t.status, t.id)
      .where(sql`status <> 2`),
  ],
)
