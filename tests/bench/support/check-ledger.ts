import { statusCode, type DeliveryId, type TriggerId } from '@waybill/domain'
import type { Contender } from './contender.ts'
import type { Stack } from './start-stack.ts'

/** Compares what was accepted with what is stored and what arrived. Resolves with every difference, in words. */
export async function checkStack(
  { name, observer: { sql }, seeded: { publicIds } }: Stack,
  accepted: readonly string[],
  received: readonly string[],
): Promise<string[]> {
  const triggers = await sql<{ id: TriggerId }[]>`SELECT id FROM triggers`
  const deliveries = await sql<{ id: DeliveryId; trigger: TriggerId; status: number }[]>`
    SELECT id, trigger, status FROM deliveries`
  const stored = new Set(triggers.map(({ id }) => publicIds.encode('trigger', id)))
  const planned = new Set(deliveries.map(({ trigger }) => trigger))
  const sent = deliveries.map(({ id }) => publicIds.encode('delivery', id))
  return describe(name, {
    'accepted twice': accepted.length - new Set(accepted).size,
    'accepted but not stored': missing(accepted, stored),
    'stored but not accepted': missing(stored, new Set(accepted)),
    'triggers without a delivery': missing(
      triggers.map(({ id }) => id),
      planned,
    ),
    'triggers with several deliveries': deliveries.length - planned.size,
    'deliveries not delivered': deliveries.filter(({ status }) => status !== statusCode('delivered')).length,
    ...arrivals(sent, received),
  })
}

/** The same for a contender that stores nothing: what it accepted has to arrive. */
export function checkPlain(
  { name }: Contender,
  accepted: readonly string[],
  received: readonly string[],
): string[] {
  return describe(name, arrivals(accepted, received))
}

function arrivals(sent: readonly string[], received: readonly string[]): Record<string, number> {
  const distinct = new Set(received)
  return {
    'deliveries that never arrived': missing(sent, distinct),
    'arrivals of no known delivery': missing(distinct, new Set(sent)),
    'arrivals of a delivery that had arrived': received.length - distinct.size,
  }
}

function missing<T>(wanted: Iterable<T>, found: ReadonlySet<T>): number {
  let count = 0
  for (const one of wanted) if (!found.has(one)) count += 1
  return count
}

function describe(name: string, differences: Record<string, number>): string[] {
  return Object.entries(differences)
    .filter(([, count]) => count > 0)
    .map(([what, count]) => `${name}: ${count} ${what}`)
}
