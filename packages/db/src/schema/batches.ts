import { boolean, integer, pgTable, smallint } from 'drizzle-orm/pg-core'
import type { BatchId, DeliveryId, TriggerId, WorkerId } from '@waybill/domain'
import { instant, number } from './columns.ts'

/**
 * The unit a worker owns while it fans out. A batch made by one flush has the id of its first trigger; the parts
 * of a plan that was split have ids of their own. `plan` is four integers a delivery: trigger offset,
 * subscription, revision, how (see PlannedHow); delivery ids are `base` + position. No index but the key: with
 * room on each page claims stay heap-only updates.
 */
export const batches = pgTable('batches', {
  id: number('id').$type<BatchId>().primaryKey(),
  firstTrigger: number('first_trigger').$type<TriggerId>().notNull(),
  n: integer('n').notNull(),
  v: smallint('v').notNull(),
  bulk: boolean('bulk').notNull().default(false),
  createdAt: instant('created_at').notNull().defaultNow(),
  owner: integer('owner').$type<WorkerId>(),
  runs: smallint('runs').notNull().default(0),
  base: number('base').$type<DeliveryId>(),
  plan: integer('plan').array(),
  quarantinedAt: instant('quarantined_at'),
})
