import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { copyStopped } from '../support/copy-cluster.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { matchesFacility } from '../support/matches-facility.ts'
import { judge, mustHold } from '../support/judge.ts'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

/** The database goes back to a copy, the queue on Redis stays as it was; the client sends again what is not there. */
export const scenario: Scenario = {
  id: 'F38',
  title: 'Postgres restored from an older copy',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const redis = context.backend === 'redis' ? await context.privateRedis() : undefined
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redis?.url) })
    await stack.client.post(60, { rate: 60 })
    await stack.fleet.stopAll()
    const inTheCopy = await unsettled(stack)
    await postgres.stop('fast')
    const [cluster, copy] = [join(postgres.dataDir, 'data'), join(postgres.dataDir, 'copy')]
    await copyStopped(cluster, copy)
    await postgres.start()
    await Promise.all([stack.startApi(), stack.startWorker()])
    await stack.client.post(60, { rate: 60 })
    for (const one of [...stack.apis(), ...stack.workers()]) one.kill('SIGKILL')
    await postgres.stop('fast')
    await rm(cluster, { recursive: true, force: true })
    await copyStopped(copy, cluster)
    await postgres.start()
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
      calls: { cut: true },
    })
    finding.failures = finding.failures.filter((text) => !text.startsWith('I3 received, known to nobody'))
    finding.notes.push(`${missing} triggers were not in the copy and were sent again with their keys`)
    mustHold(finding, missing > 0, 'F38 nothing was missing in the copy')
    return finding
  },
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
