import { healthyP99 } from '../support/healthy-p99.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

const isHealthy = (path: string): boolean => path !== '/hangs'

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
    const baseline = await healthyP99(stack, 0, isHealthy)
    await stack.receiver.program({ rules: [{ path: '/hangs', answer: { mode: 'hang' } }] })
    await lasts(2_000)
    const since = Date.now()
    await lasts(10_000)
    await load.stop()
    const disturbed = await healthyP99(stack, since, isHealthy)
    await stack.receiver.program({ rules: [] })
    // What is due at the hanging one waits for its few probes.
    const finding = await judge(stack, { timeoutMs: 180_000, lateMs: 15_000 })
    finding.notes.push(
      `p99 of the healthy: ${Math.round(baseline)} ms, beside the hanging one ${Math.round(disturbed)} ms`,
    )
    mustHold(finding, disturbed <= baseline * 2 + 25, `I6 p99 rose from ${baseline} to ${disturbed} ms`)
    return finding
  },
}
