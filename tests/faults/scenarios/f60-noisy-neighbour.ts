import { readLedgers } from '../support/checks/read-ledgers.ts'
import { percentile } from '../support/checks/check-calls.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import type { FaultStack } from '../support/fault-stack.ts'
import { lasts, startLoad } from '../support/start-load.ts'

/** From the trigger's acceptance to the arrival, p99 of the healthy paths in ms, for what was made since. */
async function healthyP99(stack: FaultStack, sinceMs: number): Promise<number> {
  const { deliveries, received } = await readLedgers(stack)
  const madeAt = new Map(deliveries.map(({ uuid, acceptedAtMs }) => [uuid, acceptedAtMs]))
  const healthy = received.filter(({ path, n, at }) => path !== '/hangs' && n === 1 && at >= sinceMs)
  return percentile(
    healthy.map(({ id, at }) => at - (madeAt.get(id) ?? at)),
    0.99,
  )
}

export const scenario: Scenario = {
  id: 'F60',
  title: 'one endpoint of 20 hangs to its deadline',
  backends: bothBackends,
  run: async (context) => {
    const databaseUrl = await context.database()
    const stack = await context.stack({ databaseUrl, queue: context.queue(databaseUrl) })
    for (let i = 1; i < 20; i += 1) await stack.subscribe(`/healthy-${i}`)
    await stack.subscribe('/hangs', { timeoutMs: 3_000, inFlightLimit: 10 })
    await Promise.all([stack.startApi(), stack.startWorker()])
    const load = startLoad(stack, { rate: 30 })
    await lasts(6_000)
    const baseline = await healthyP99(stack, 0)
    await stack.receiver.program({ rules: [{ path: '/hangs', answer: { mode: 'hang' } }] })
    await lasts(2_000)
    const since = Date.now()
    await lasts(10_000)
    await load.stop()
    const disturbed = await healthyP99(stack, since)
    await stack.receiver.program({ rules: [] })
    const finding = await judge(stack, { timeoutMs: 180_000 })
    finding.notes.push(
      `p99 of the healthy: ${Math.round(baseline)} ms, beside the hanging one ${Math.round(disturbed)} ms`,
    )
    mustHold(finding, disturbed <= baseline * 2 + 25, `I6 p99 rose from ${baseline} to ${disturbed} ms`)
    return finding
  },
}
