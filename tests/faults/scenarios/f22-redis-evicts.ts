import { Redis } from 'ioredis'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F22',
  title: 'Redis with eviction policy allkeys-lru',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, redis.url)
    const stack = await usualStack(context, { databaseUrl, queue, worker: false })
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    const worker = await stack.startWorker({ waitReady: false })
    await lasts(6_000)
    const said = worker.lines.some(({ text }) => /noeviction|maxmemory-policy|eviction/.test(text))
    const refused = !worker.running()
    worker.kill('SIGKILL')
    await worker.exited
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    await stack.startWorker()
    await stack.client.post(20)
    const finding = await judge(stack)
    mustHold(finding, said, 'F22 the worker says nothing of the eviction policy')
    mustHold(finding, refused, 'F22 the worker starts with a Redis that evicts')
    return finding
  },
}
