import type { DeliveryId } from '@waybill/domain'
import { eventually } from '@waybill/testing'
import { publicIds, type FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import { readDeadlocks, tellsDeadlocks } from '../support/read-deadlocks.ts'
import { reversals, reverseOrders } from '../support/reverse-orders.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

/** How often each kind of work must lose, and how long it may take to, or the run shows nothing of it. */
const wanted = 2
const mostMs = 30_000
const kinds = Object.keys(reversals) as (keyof typeof reversals)[]

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
    await stack.receiver.program({
      rules: [
        { begins: '/doomed', answer: { status: 500 } },
        { begins: '/flaky', first: 1, answer: { status: 500, delayMs: 10 } },
        { answer: { delayMs: 10 } },
      ],
    })
    const kept = [...stack.subscriptions]
    const load = startLoad(stack)
    const state = { over: false }
    const isOver = () => state.over
    const asked = new Map<string, number>()
    const work = Promise.all([
      redeliver(stack, isOver, asked),
      changeSubscriptions(stack, isOver),
      deleteWithBacklog(stack, isOver),
    ])
    let ended = 0
    const startedAt = performance.now()
    // One after the other: between many locks at once nobody meets the right ones.
    for (const kind of kinds) ended += await provoke(kind, databaseUrl, server.dataDir)
    const heldMs = performance.now() - startedAt
    state.over = true
    await work
    await load.stop()
    const finding = await judge(stack, {
      asked,
      complete: kept,
      lateMs: heldMs,
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
    for (const kind of kinds)
      mustHold(
        finding,
        (lost.get(kind) ?? 0) >= wanted,
        `F33 ${lost.get(kind) ?? 0} deadlocks were lost by: ${kind}`,
      )
    const all = [...lost.values()].reduce((sum, n) => sum + n, 0)
    const first = givenUp[0]?.text.slice(0, 300)
    mustHold(
      finding,
      givenUp.length <= all / 10,
      `F33 ${givenUp.length} of ${all} were not done again: ${first}`,
    )
    return finding
  },
}

/** Locks against one kind of work until it has lost often enough. Returns how often the other side ended. */
async function provoke(kind: keyof typeof reversals, url: string, dataDir: string): Promise<number> {
  const state = { over: false }
  const reversing = reverseOrders(url, kind, () => state.over)
  const hasLost = async () => ((await readDeadlocks(dataDir)).get(kind) ?? 0) >= wanted
  await eventually(hasLost, { timeoutMs: mostMs, everyMs: 300 }).catch(() => undefined)
  state.over = true
  return reversing
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
      filters: { facilities: ['doomed'] },
    })
    const path = `/v1/subscriptions/${uuid}`
    await stack.client.post(20, { body: { facility_id: 'doomed' } })
    for (let i = 0; i < 2; i += 1) await stack.call('PATCH', path, { name: `doomed ${serial} ${i}` })
    await stack.call('DELETE', path)
  }
}

/** Deletes subscriptions by fives, with hundreds of deliveries due, so that the sweep has much to settle at once. */
async function deleteWithBacklog(stack: FaultStack, isOver: () => boolean): Promise<void> {
  for (let serial = 0; !isOver(); serial += 1) {
    const filters = { facilities: [`doomed-${serial}`] }
    const doomed = await Promise.all(
      [1, 2, 3, 4, 5].map((n) => stack.subscribe(`/doomed-${serial}-${n}`, { filters })),
    )
    await stack.client.post(60, { body: { facility_id: `doomed-${serial}` } })
    const ids = doomed.map(({ id }) => id)
    const isDue = async () => {
      const [row] = await stack.database.sql<{ n: number }[]>`
        SELECT count(*)::int AS n FROM due WHERE subscription = ANY(${ids}::int[])`
      return (row?.n ?? 0) >= 250
    }
    // Nothing is recorded while the other side holds the lanes, and it may for as long as one kind takes.
    await eventually(isDue, { timeoutMs: 2 * mostMs })
    for (const { uuid } of doomed) await stack.call('DELETE', `/v1/subscriptions/${uuid}`)
  }
}
