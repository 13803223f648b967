import { statusCode, type DeliveryId, type TriggerId } from '@waybill/domain'
import type { BenchProcess } from './bench-process.ts'
import type { Stack } from './start-stack.ts'
import type { Arrivals } from './subscribers.ts'

/** Subscribers below `hung` were left hanging: what is theirs must have been kept. */
type Whom = { receiver: BenchProcess; subscribers: number; hung: number }

/**
 * Compares what was accepted with what is stored and what arrived, where facilities tell who gets what. Resolves with
 * every difference, in words.
 */
export async function checkHealthy(
  { name, observer: { sql }, seeded: { publicIds } }: Stack,
  accepted: readonly string[],
  { receiver, subscribers, hung }: Whom,
): Promise<string[]> {
  const triggers = await sql<{ id: TriggerId }[]>`SELECT id FROM triggers`
  const [unplanned] = await sql<{ n: number }[]>`
    SELECT count(*)::int AS n FROM (
      SELECT t.id FROM triggers t
      JOIN subscriptions s ON s.integration = t.integration AND s.filters -> 'facilities' ? t.facility_id
      EXCEPT ALL SELECT trigger FROM deliveries) AS missing`
  const deliveries = await sql<{ id: DeliveryId; status: number; isDue: boolean; who: number }[]>`
    SELECT d.id, d.status, u.delivery IS NOT NULL AS "isDue", substring(r.url FROM '[0-9]+$')::int AS who
    FROM deliveries d JOIN revisions r ON r.subscription = d.subscription LEFT JOIN due u ON u.delivery = d.id`
  const stored = new Set(triggers.map(({ id }) => publicIds.encode('trigger', id)))
  const came = new Map<string, number>()
  const { ids, subscriber } = await receiver.ask<Arrivals>('arrivals')
  ids.forEach((id, i) => {
    const who = subscriber[i] ?? subscribers
    if (who >= hung) came.set(id, (came.get(id) ?? 0) + 1)
  })
  const healthy = deliveries.filter(({ who }) => who >= hung)
  const sent = new Set(healthy.map(({ id }) => publicIds.encode('delivery', id)))
  const isDelivered = ({ status }: { status: number }) => status === statusCode('delivered')
  const differences = {
    'accepted twice': accepted.length - new Set(accepted).size,
    'accepted but not stored': accepted.filter((id) => !stored.has(id)).length,
    'stored but not accepted': stored.size - accepted.length,
    'deliveries that were never made': unplanned?.n ?? Number.NaN,
    'healthy deliveries not delivered': healthy.filter((one) => !isDelivered(one)).length,
    'healthy deliveries that never arrived': [...sent].filter((id) => !came.has(id)).length,
    'arrivals of no known delivery': [...came.keys()].filter((id) => !sent.has(id)).length,
    'arrivals of a delivery that had arrived': [...came.values()].reduce((sum, n) => sum + n - 1, 0),
    'deliveries of the hanging neither delivered nor due': deliveries.filter(
      (one) => one.who < hung && !isDelivered(one) && !one.isDue,
    ).length,
  }
  return Object.entries(differences)
    .filter(([, count]) => count !== 0)
    .map(([what, count]) => `${name}: ${count} ${what}`)
}
