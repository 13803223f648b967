import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, smallint, text } from 'drizzle-orm/pg-core'
import type { IntegrationId, TriggerId } from '@waybill/domain'
import { bytea, instant, number } from './columns.ts'

/**
 * One fact told by an order system; partitioned by id. `data` is the trigger exactly as it was posted, byte for
 * byte (a UTF-8 database keeps text as it came, and a JSON text cannot hold a NUL byte). `duplicate` says that
 * an earlier trigger had the same `occurrence`, which is the hash of the order system's own event id.
 */
export const triggers = pgTable(
  'triggers',
  {
    id: number('id').$type<TriggerId>().primaryKey(),
    integration: integer('integration').$type<IntegrationId>().notNull(),
    eventId: smallint('event_id').notNull(),
    orderId: text('order_id'),
    facilityId: text('facility_id'),
    /** The order's address and id in the words of `triggerSearchText`; null for facility events. */
    search: text('search'),
    /** The status the order had when an event happened to it, by its catalogue id. */
    orderStatus: smallint('order_status'),
    occurrence: bytea('occurrence'),
    duplicate: boolean('duplicate').notNull(),
    createdAt: instant('created_at').notNull(),
    data: text('data').notNull(),
  },
  (t) => [
    index('triggers_order').on(t.integration, t.orderId, t.id),
    index('triggers_facility')
      .on(t.integration, t.facilityId, t.id)
      .where(sql`facility_id IS NOT NULL`),
    // Substrings of an address or an order's id; only the PlanOmatic API searches, and facility events are not in it.
    index('triggers_search')
      .using('gin', t.search.op('gin_trgm_ops'))
      .where(sql`event_id < 200`),
  ],
)
