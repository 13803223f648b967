import { Redis } from 'ioredis'
import { expectAlarms, sweepAlarms } from '../support/expect-alarms.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F21',
  title: 'Redis out of memory, noeviction',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redis.url) })
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    const load = startLoad(stack)
    await lasts(1_500)
    const fromMs = Date.now()
    await admin.config('SET', 'maxmemory', '1mb')
    await lasts(6_000)
    await admin.config('SET', 'maxmemory', '0')
    await lasts(1_500)
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs: Date.now() }, sweepAlarms)
    const finding = await judge(stack)
    noteAlarms(finding)
    return finding
  },
}
