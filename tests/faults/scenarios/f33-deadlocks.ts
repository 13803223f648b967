import type { DeliveryId } from '@waybill/domain'
import { publicIds, type FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { readDeadlocks, tellsDeadlocks } from '../support/read-deadlocks.ts'
import { reverseOrders } from '../support/reverse-orders.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

const forMs = 20_000
/** Each of these must have lost a deadlock, or the run shows nothing of it. */
const wanted = ['outcomes of lanes', 'first outcomes', 'redelivery', 'given up', 'change of a subscription']

/**
 * Outcomes, redeliveries, changes and deletions of subscriptions and the sweep run at once, and a session for each of their
 * orders locks the other way round. Whatever the server ends is to be done again, and nobody is to notice.
 */
export const scenario: Scenario = {
  id: 'F33',
  title: 'deadlocks with sessions that lock in reversed orders',
  backends: bothBackends,
  run: async (context) => {
    const server = await context.privatePostgres(tellsDeadlocks)
    const databaseUrl = server.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl), flakiness: 1 })
    const kept = [...stack.subscriptions]
    const load = startLoad(stack)
    const endsAt = performance.now() + forMs
    const isOver = () => performance.now() > endsAt
    const asked = new Map<string, number>()
    const [ended] = await Promise.all([
      reverseOrders(databaseUrl, isOver),
      redeliver(stack, isOver, asked),
      changeSubscriptions(stack, isOver),
    ])
    await load.stop()
    const finding = await judge(stack, {
      asked,
      complete: kept,
      lateMs: forMs,
      calls: { unavailable: true },
    })
    const lost = await readDeadlocks(server.dataDir)
    const givenUp = stack.fleet.processes.flatMap(({ lines }) =>
      lines.filter(({ text }) => text.includes('40P01')),
    )
    finding.notes.push(
      `deadlocks lost: ${[...lost].map(([kind, n]) => `${kind} ${n}`).join(', ')}; ${ended} of the other side`,
      `${givenUp.length} log lines tell of one that was not done again at once`,
    )
    for (const kind of wanted) mustHold(finding, lost.has(kind), `F33 no deadlock was lost by: ${kind}`)
    const all = [...lost.values()].reduce((sum, n) => sum + n, 0)
    const first = givenUp[0]?.text.slice(0, 300)
    mustHold(
      finding,
      givenUp.length <= all / 20,
      `F33 ${givenUp.length} of ${all} were not done again: ${first}`,
    )
    return finding
  },
}

/** Presses "retry now" on what has failed. */
async function redeliver(
  stack: FaultStack,
  isOver: () => boolean,
  asked: Map<string, number>,
): Promise<void> {
  while (!isOver()) {
    const rows = await stack.database.sql<{ id: DeliveryId }[]>`
      SELECT id FROM deliveries WHERE status = 3 ORDER BY id DESC LIMIT 5`
    await Promise.all(
      rows.map(async ({ id }) => {
        const uuid = publicIds.encode('delivery', id)
        asked.set(uuid, (asked.get(uuid) ?? 0) + 1)
        await stack.call('POST', `/v1/deliveries/${uuid}/redeliver`)
      }),
    )
  }
}

/** Makes subscriptions that fail for ever, changes them, and deletes them with deliveries due. */
async function changeSubscriptions(stack: FaultStack, isOver: () => boolean): Promise<void> {
  for (let serial = 0; !isOver(); serial += 1) {
    const { uuid } = await stack.subscribe(`/doomed-${serial}`, {
      url: 'http://127.0.0.1:9/doomed',
      filters: { facilities: ['doomed'] },
    })
    const path = `/v1/subscriptions/${uuid}`
    await stack.client.post(20, { body: { facility_id: 'doomed' } })
    for (let i = 0; i < 2; i += 1) await stack.call('PATCH', path, { name: `doomed ${serial} ${i}` })
    await stack.call('DELETE', path)
  }
}
