import { sql } from 'drizzle-orm'
import { index, integer, pgTable, smallint } from 'drizzle-orm/pg-core'
import type { SubscriptionId, WorkerId } from '@waybill/domain'
import { instant } from './columns.ts'

/**
 * A subscription's queue of due deliveries, the unit a worker owns while it retries. `limitNow` null: the
 * subscription's own in-flight limit.
 */
export const lanes = pgTable(
  'lanes',
  {
    subscription: integer('subscription').$type<SubscriptionId>().primaryKey(),
    nextDueAt: instant('next_due_at'),
    owner: integer('owner').$type<WorkerId>(),
    runs: integer('runs').notNull().default(0),
    limitNow: smallint('limit_now'),
    blockedUntil: instant('blocked_until'),
    failures: integer('failures').notNull().default(0),
    failingSince: instant('failing_since'),
  },
  (t) => [
    index('lanes_next_due_at')
      .on(t.nextDueAt)
      .where(sql`owner IS NULL`),
  ],
)
