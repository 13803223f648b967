import { eventually } from '@waybill/testing'
import { readLedgers } from '../support/checks/read-ledgers.ts'
import type { FaultProxy } from '../support/fault-proxy.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold, type Finding, type JudgeOptions } from '../support/judge.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'
import { primarySettings, startStandby, type PostgresServer } from '../support/start-standby.ts'

type Failover = {
  primary: PostgresServer
  /** Keys the client knew to be accepted when the standby was last known to have everything. */
  safe: Set<string>
  /** While the standby got nothing: when that began, and requests that arrived since. */
  cutAt: number
  arrivedSince: number
  acceptedSince: number
}

/** The standby falls behind under load, the primary dies, the standby takes its place and its address. */
async function failOver(
  context: FaultContext,
  stack: FaultStack,
  front: FaultProxy,
  old: PostgresServer,
  synchronous: boolean,
): Promise<Failover> {
  const link = await context.proxy()
  const standby = await startStandby(context, old, link)
  await old.asAdmin(async (sql) => {
    if (!synchronous) return
    await sql.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '*'`)
    await sql`SELECT pg_reload_conf()`
    await eventually(
      async () => (await sql`SELECT FROM pg_stat_replication WHERE sync_state = 'sync'`).length > 0,
    )
  })
  const load = startLoad(stack)
  await lasts(2_500)
  const safe = new Set(stack.client.accepted().map(({ key }) => key))
  await lasts(500)
  const cutAt = Date.now()
  const acceptedBefore = stack.client.accepted().length
  link.set({ blackhole: true })
  await lasts(3_000)
  await old.stop('immediate')
  const acceptedSince = stack.client.accepted().length - acceptedBefore
  await standby.promote()
  front.route(standby.url)
  front.reset()
  await lasts(4_000)
  await load.stop()
  await stack.receiver.settled()
  const arrivedSince = (await stack.receiver.lines()).filter(({ at }) => at >= cutAt).length
  return { primary: standby, safe, cutAt, arrivedSince, acceptedSince }
}

/** What was accepted and is not there. The client, told to by nobody, sends it again with its keys. */
async function countMissing(stack: FaultStack, safe: ReadonlySet<string>) {
  const { triggers } = await readLedgers(stack)
  const missing = stack.client.accepted().filter(({ order }) => !triggers.has(order))
  for (const intent of missing) {
    intent.state = 'unknown'
    intent.ids.clear()
  }
  return { missing: missing.length, unsafe: missing.filter(({ key }) => safe.has(key)).length }
}

/** Requests about triggers that are lost belong to nothing any more. */
const ofLost = (text: string): boolean => text.startsWith('I3 received, known to nobody')

export const scenario: Scenario = {
  id: 'F37',
  title: 'failover to a standby, with and without synchronous replication',
  backends: bothBackends,
  run: async (context) => {
    const main = await context.privatePostgres(primarySettings)
    const front = await context.proxy()
    const databaseUrl = front.route(main.url)
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const judged = async (options: JudgeOptions): Promise<Finding> =>
      judge(stack, { calls: { unavailable: true, cut: true }, untold: 10_000, ...options })

    const first = await failOver(context, stack, front, main, false)
    const lost = await countMissing(stack, first.safe)
    const asynchronous = await judged({ bound: first.arrivedSince })
    asynchronous.failures = asynchronous.failures.filter((text) => !ofLost(text))

    const second = await failOver(context, stack, front, first.primary, true)
    const kept = await countMissing(stack, second.safe)
    // Nobody died: not one more than before.
    const finding = await judged({ bound: asynchronous.duplicates })
    finding.failures = [
      ...new Set([...asynchronous.failures, ...finding.failures.filter((text) => !ofLost(text))]),
    ]
    finding.notes.push(
      `asynchronous: ${lost.missing} of ${first.acceptedSince} accepted while the standby got nothing were lost and sent again`,
      `synchronous: ${kept.missing} lost; ${second.acceptedSince} were accepted while the standby got nothing`,
    )
    mustHold(finding, lost.missing > 0, 'F37 the standby lacked nothing: the fault was not injected')
    mustHold(finding, lost.unsafe === 0, `F37 ${lost.unsafe} were lost that the standby had`)
    mustHold(finding, kept.missing === 0, `F37 ${kept.missing} were lost with a synchronous standby`)
    return finding
  },
}
