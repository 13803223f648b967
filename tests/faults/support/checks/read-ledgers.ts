import type { Sql } from '@waybill/db'
import { statusByCode, type DeliveryId, type DeliveryStatus } from '@waybill/domain'
import type { App } from '../fault-fleet.ts'
import type { Intent } from '../fault-client.ts'
import { publicIds, type FaultStack, type Subscribed } from '../fault-stack.ts'
import type { ReceivedLine } from '../receiver-types.ts'

export type StoredDelivery = {
  uuid: string
  trigger: number
  subscription: number
  status: DeliveryStatus
  err: string | null
  /** When its trigger was accepted, by the database's clock, ms since 1970. */
  acceptedAtMs: number
}

/** An attempt the database knows; `code` null: no answer came; `err` 'unknown': its worker died. */
export type StoredAttempt = {
  uuid: string
  n: number
  /** Which of a person's wishes it served: a redelivery begins the next one. */
  generation: number
  code: number | null
  err: string | null
  sentAtMs: number | null
  /** How long it took; null where its worker died. */
  ms: number | null
}

/** The end of a process that nobody asked to end in order. */
export type Death = { app: App; atMs: number }

/** The ledgers side by side: A (intents), P (triggers, deliveries, attempts), R (what the receiver got). */
export type Ledgers = {
  intents: Intent[]
  subscriptions: Subscribed[]
  /** Trigger ids by order id. */
  triggers: Map<string, number[]>
  triggerOf: (uuid: string) => number
  deliveries: StoredDelivery[]
  attempts: StoredAttempt[]
  received: ReceivedLine[]
  deaths: Death[]
}

/** Reads everything anew. */
export async function readLedgers(stack: FaultStack): Promise<Ledgers> {
  const { sql } = stack.database
  const triggers = new Map<string, number[]>()
  const rows = await sql<{ id: number; order_id: string }[]>`SELECT id, order_id FROM triggers`
  for (const { id, order_id } of rows) triggers.set(order_id, [...(triggers.get(order_id) ?? []), id])
  return {
    intents: [...stack.client.intents.values()],
    subscriptions: stack.subscriptions,
    triggers,
    triggerOf: (uuid) => publicIds.decode('trigger', uuid) ?? 0,
    deliveries: await readDeliveries(sql),
    attempts: await readAttempts(sql),
    received: await stack.receiver.lines(),
    deaths: stack.fleet.deaths(),
  }
}

async function readDeliveries(sql: Sql): Promise<StoredDelivery[]> {
  const rows = await sql<
    {
      id: DeliveryId
      trigger: number
      subscription: number
      status: number
      err: string | null
      made: number
    }[]
  >`SELECT d.id, d.trigger, d.subscription, d.status, d.err, extract(epoch FROM t.created_at)::float8 * 1000 AS made
    FROM deliveries d JOIN triggers t ON t.id = d.trigger`
  return rows.map(({ id, made, status, ...row }) => ({
    ...row,
    uuid: publicIds.encode('delivery', id),
    status: statusByCode(status) ?? 'pending',
    acceptedAtMs: made,
  }))
}

async function readAttempts(sql: Sql): Promise<StoredAttempt[]> {
  const rows = await sql<
    (Omit<StoredAttempt, 'uuid' | 'sentAtMs'> & { delivery: DeliveryId; sent: number | null })[]
  >`SELECT delivery, n, generation, code, err, ms, extract(epoch FROM sent_at)::float8 * 1000 AS sent FROM attempts
    ORDER BY delivery, n`
  return rows.map(({ delivery, sent, ...row }) => ({
    ...row,
    uuid: publicIds.encode('delivery', delivery),
    sentAtMs: sent,
  }))
}

export const isGood = (status: number): boolean => status >= 200 && status < 300

/** How many requests answered 2xx each webhook-id got. */
export function goodArrivals(received: readonly ReceivedLine[]): Map<string, number> {
  const arrivals = new Map<string, number>()
  for (const { id, status } of received) if (isGood(status)) arrivals.set(id, (arrivals.get(id) ?? 0) + 1)
  return arrivals
}
