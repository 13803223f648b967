import { percentile } from '../support/checks/check-calls.ts'
import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F16',
  title: 'Redis down while triggers come',
  backends: ['redis'],
  magnitude: { unit: 's', usual: 30, listed: 300 },
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const stack = await usualStack(context, {
      databaseUrl,
      queue: context.queue(databaseUrl, redis.url),
      flakiness: 1,
    })
    const load = startLoad(stack)
    await lasts(2_000)
    const fromMs = Date.now()
    await redis.kill()
    const from = stack.client.calls.length
    await lasts(context.magnitude * 1_000)
    const p99 = percentile(
      stack.client.calls.slice(from).map(({ ms }) => ms),
      0.99,
    )
    const meanwhile = await stack.receiver.count()
    await redis.restart()
    const toMs = Date.now()
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, alarmsOf.redis)
    const finding = await judge(stack, { timeoutMs: 60_000 })
    noteAlarms(finding)
    finding.notes.push(`p99 of the calls while it was down ${Math.round(p99)} ms`)
    mustHold(finding, p99 <= 250, `F16 p99 of the calls ${Math.round(p99)} ms, not 250`)
    mustHold(finding, meanwhile > 1_000, `F16 only ${meanwhile} requests arrived while Redis was down`)
    return finding
  },
}
