import { integer, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core'
import type { DeliveryId } from '@waybill/domain'
import { bytea, instant, number } from './columns.ts'

/**
 * One HTTP request of a delivery; partitioned by delivery. `bodyHash` (SHA-256) proves which bytes went out: the
 * body itself is a function of trigger, revision and n. `err` 'unknown': the worker died before it could tell.
 */
export const attempts = pgTable(
  'attempts',
  {
    delivery: number('delivery').$type<DeliveryId>().notNull(),
    n: smallint('n').notNull(),
    generation: integer('generation').notNull(),
    revision: integer('revision').notNull(),
    sentAt: instant('sent_at'),
    ms: integer('ms'),
    code: smallint('code'),
    err: text('err'),
    bodyHash: bytea('body_hash'),
    signature: text('signature'),
    responseHeaders: text('response_headers'),
    responseBody: bytea('response_body'),
  },
  (t) => [primaryKey({ columns: [t.delivery, t.n] })],
)
