import { setTimeout as pause } from 'node:timers/promises'
import { createPublicIds, type DeliveryId } from '@waybill/domain'
import { deriveMasterKeys, type Sql } from '@waybill/db'
import { eventually, type Receiver } from '@waybill/testing'
import type { Stack } from './start-stack.ts'

const ids = createPublicIds(deriveMasterKeys(Buffer.alloc(32, 5)).publicIds)

/** What a client of the api was told: the ids of the triggers it got a 202 for, and every other answer's status. */
export type ClientLedger = { accepted: string[]; refused: number[] }

/** Posts `n` triggers, `atOnce` at a time; `onPosted` is told how many were answered so far. */
export async function postTriggers(
  stack: Pick<Stack, 'call'>,
  n: number,
  options: { atOnce?: number; onPosted?: (answered: number) => void; everyMs?: number } = {},
): Promise<ClientLedger> {
  const { atOnce = 10, onPosted = () => {}, everyMs = 0 } = options
  const ledger: ClientLedger = { accepted: [], refused: [] }
  let next = 0
  const client = async () => {
    while (next < n) {
      next += 1
      const answer = await stack.call('POST', '/v1/triggers', aTriggerBody(next))
      if (answer.status === 202) ledger.accepted.push(((await answer.json()) as { id: string }).id)
      else ledger.refused.push(answer.status)
      onPosted(ledger.accepted.length + ledger.refused.length)
      if (everyMs > 0) await pause(everyMs)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, client))
  return ledger
}

export const aTriggerBody = (order: number, changes: Record<string, unknown> = {}) => ({
  integration_id: 12,
  kind: 'order_status',
  name: 'scheduled',
  order_id: String(order),
  occurred_at: '2026-03-02T15:04:05Z',
  order: { property_info: { address: { street: `${order} Elm Rd`, city: 'Boulder' } } },
  ...changes,
})

/** Resolves when nothing is open: no batch, nothing due. */
export const quiet = (sql: Sql, timeoutMs = 60_000) =>
  eventually(
    async () => {
      const [row] = await sql<{ open: number }[]>`
        SELECT ((SELECT count(*) FROM batches) + (SELECT count(*) FROM due))::int AS open`
      return row?.open === 0
    },
    { timeoutMs },
  )

export type Verdict = {
  /** Accepted, but not stored, or stored without a delivery for the subscription. */
  lost: string[]
  /** Delivered for us, but never answered 2xx by the receiver, or the other way round. */
  untrue: string[]
  /** Arrivals answered 2xx beyond the first, over all deliveries. */
  duplicates: number
  delivered: number
}

/**
 * Compares the three ledgers of one subscription: what the client was told, what the database says, what the
 * receiver saw.
 */
export async function compareLedgers(
  sql: Sql,
  subscription: number,
  client: ClientLedger,
  receiver: Pick<Receiver, 'requests'>,
): Promise<Verdict> {
  const rows = await sql<{ id: DeliveryId; trigger: number; status: number }[]>`
    SELECT id, trigger, status FROM deliveries WHERE subscription = ${subscription}`
  const byTrigger = new Map(rows.map((row) => [row.trigger, row]))
  const arrivals = new Map<string, number>()
  for (const { webhookId, answered } of receiver.requests) {
    if (webhookId && answered >= 200 && answered < 300)
      arrivals.set(webhookId, (arrivals.get(webhookId) ?? 0) + 1)
  }
  const lost = client.accepted.filter((uuid) => !byTrigger.has(ids.decode('trigger', uuid) ?? 0))
  const untrue = rows
    .map((row) => ({ uuid: ids.encode('delivery', row.id), delivered: row.status === 2 }))
    .filter(({ uuid, delivered }) => delivered !== arrivals.has(uuid))
    .map(({ uuid }) => uuid)
  return {
    lost,
    untrue,
    duplicates: [...arrivals.values()].reduce((sum, n) => sum + n - 1, 0),
    delivered: rows.filter((row) => row.status === 2).length,
  }
}
