import { expectAlarms, sweepAlarms } from '../support/expect-alarms.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F26',
  title: 'api on one Redis, worker on another',
  backends: ['redis'],
  run: async (context) => {
    const [one, other] = [await context.privateRedis(), await context.privateRedis()]
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, one.url)
    const stack = await usualStack(context, {
      databaseUrl,
      queue,
      links: { worker: { redisUrl: other.url } },
    })
    // Somebody must have looked before.
    await lasts(2_000)
    const fromMs = Date.now()
    await stack.client.post(200, { rate: 50 })
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs: Date.now() }, sweepAlarms)
    const finding = await judge(stack)
    noteAlarms(finding)
    return finding
  },
}
