import { Redis } from 'ioredis'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F17',
  title: 'FLUSHALL with jobs waiting, delayed and active',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, redis.url)
    const stack = await usualStack(context, { databaseUrl, queue, worker: false, flakiness: 1 })
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    await stack.client.post(1_500, { atOnce: 3 })
    const waiting = (await admin.keys('*:b-*')).length
    await admin.flushall()
    await stack.startWorker()
    const load = startLoad(stack, { rate: 100 })
    for (let i = 0; i < 4; i += 1) {
      await lasts(1_000)
      await admin.flushall()
    }
    await load.stop()
    const finding = await judge(stack)
    finding.notes.push(`${waiting} jobs waited at the first FLUSHALL`)
    mustHold(finding, waiting > 100, `F17 only ${waiting} jobs waited`)
    return finding
  },
}
