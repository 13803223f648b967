import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { copyStill } from '../support/copy-cluster.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { matchesFacility } from '../support/matches-facility.ts'
import { burstCaps } from '../support/checks/check-vitals.ts'
import { judge, mustHold } from '../support/judge.ts'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/**
 * The database goes back to a copy that was made while work was under way, the queue on Redis stays as it was; the client
 * sends again what is not there.
 */
export const scenario: Scenario = {
  id: 'F38',
  title: 'Postgres restored from an older copy',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const redis = context.backend === 'redis' ? await context.privateRedis() : undefined
    const queue = context.queue(databaseUrl, redis?.url)
    const stack = await usualStack(context, { databaseUrl, queue, receiverDelayMs: 300 })
    context.cleanUp(() => postgres.thaw())
    const load = startLoad(stack)
    const [cluster, copy] = [join(postgres.dataDir, 'data'), join(postgres.dataDir, 'copy')]
    await lasts(2_000)
    await postgres.freeze()
    await copyStill(cluster, copy)
    await postgres.thaw()
    await lasts(2_000)
    await load.stop()
    for (const one of [...stack.apis(), ...stack.workers()]) one.kill('SIGKILL')
    await postgres.stop('fast')
    await rm(cluster, { recursive: true, force: true })
    await copyStill(copy, cluster)
    await postgres.start()
    const restored = await ownedByTheDead(stack)
    const inTheCopy = await unsettled(stack)
    await Promise.all([stack.startApi(), stack.startWorker()])
    const { triggers } = await readLedgers(stack)
    let missing = 0
    for (const intent of stack.client.intents.values()) {
      if (triggers.has(intent.order)) continue
      missing += 1
      intent.state = 'unknown'
      intent.ids.clear()
    }
    // What was delivered after the copy was made is known to nobody any more, and is sent again under new ids. Only what
    // the copy has as unsettled goes out again under the id it had.
    const finding = await judge(stack, {
      bound: inTheCopy,
      untold: 10_000,
      skip: ['C2'],
      calls: { cut: true, unavailable: true },
      caps: burstCaps,
    })
    finding.failures = finding.failures.filter((text) => !text.startsWith('I3 received, known to nobody'))
    finding.notes.push(
      `${missing} triggers were not in the copy and were sent again with their keys`,
      `the copy had ${restored.batches} batches and ${restored.lanes} lanes with an owner, ${restored.marked} deliveries marked`,
    )
    mustHold(finding, missing > 0, 'F38 nothing was missing in the copy')
    mustHold(finding, restored.batches + restored.lanes > 0, 'F38 nothing in the copy had an owner')
    const left = await ownedByTheDead(stack, restored.workers)
    mustHold(
      finding,
      left.workers.length + left.batches + left.lanes + left.marked === 0,
      `F38 not reclaimed: ${JSON.stringify(left)}`,
    )
    return finding
  },
}

/** What belongs to these workers, by default to all there are, and what is marked as being sent. */
async function ownedByTheDead({ database: { sql } }: FaultStack, of?: readonly number[]) {
  const known = await sql<{ id: number }[]>`SELECT id FROM workers`
  const workers = known.map(({ id }) => id).filter((id) => of?.includes(id) ?? true)
  const [row] = await sql<{ batches: number; lanes: number; marked: number }[]>`SELECT
    (SELECT count(*)::int FROM batches WHERE owner = ANY (${workers}::int[])) AS batches,
    (SELECT count(*)::int FROM lanes WHERE owner = ANY (${workers}::int[])) AS lanes,
    (SELECT count(*)::int FROM due WHERE run IS NOT NULL) AS marked`
  return { workers, batches: row?.batches ?? 0, lanes: row?.lanes ?? 0, marked: row?.marked ?? 0 }
}

/** Deliveries that have not arrived, made or still to be made: at most these are sent again. */
async function unsettled(stack: FaultStack): Promise<number> {
  const { intents, triggers, deliveries, subscriptions } = await readLedgers(stack)
  const delivered = deliveries.filter(({ status }) => status === 'delivered').length
  const planned = intents
    .filter(({ order }) => triggers.has(order))
    .flatMap(({ facility }) => subscriptions.filter((one) => matchesFacility(one, facility)))
  return planned.length - delivered
}
