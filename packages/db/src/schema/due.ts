import { sql } from 'drizzle-orm'
import { index, integer, pgTable, smallint } from 'drizzle-orm/pg-core'
import type { DeliveryId, SubscriptionId } from '@waybill/domain'
import { instant, number } from './columns.ts'

/**
 * What is not settled. `step` counts the failures that moved the schedule, `run` is the lane run that marked the
 * row for sending: a mark of an older run means that its worker died, which `crashes` counts. `expiresAt` is on the
 * subscription's own clock, which stands still while it is paused: the true end is later by its pauses since.
 */
export const due = pgTable(
  'due',
  {
    delivery: number('delivery').$type<DeliveryId>().primaryKey(),
    subscription: integer('subscription').$type<SubscriptionId>().notNull(),
    dueAt: instant('due_at').notNull(),
    expiresAt: instant('expires_at').notNull(),
    step: smallint('step').notNull(),
    generation: integer('generation').notNull(),
    crashes: smallint('crashes').notNull().default(0),
    run: integer('run'),
  },
  (t) => [
    index('due_lane').on(t.subscription, t.dueAt, t.delivery),
    // What an endpoint in trouble is asked first, however many first attempts wait.
    index('due_retries')
      .on(t.subscription, t.dueAt, t.delivery)
      .where(sql`step > 0`),
    // Suspects are looked for in every turn of a lane and hardly ever found: not among all that is due there.
    index('due_crashed')
      .on(t.subscription, t.dueAt, t.delivery)
      .where(sql`crashes > 0`),
  ],
)
