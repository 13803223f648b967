import { Redis } from 'ioredis'
import { expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F22',
  title: 'Redis with eviction policy allkeys-lru, at the start and while the worker runs',
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
    const running = await stack.startWorker()
    const load = startLoad(stack)
    await lasts(2_000)
    const fromMs = Date.now()
    await admin.config('SET', 'maxmemory-policy', 'allkeys-lru')
    await lasts(8_000)
    await admin.config('SET', 'maxmemory-policy', 'noeviction')
    const toMs = Date.now()
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, [{ alert: 'WaybillQueueUnsafe' }])
    const finding = await judge(stack)
    noteAlarms(finding)
    const told = (event: string) => running.lines.filter(({ fields }) => fields['event'] === event).length
    mustHold(
      finding,
      told('queue.unsafe') === 1,
      `F22 the worker told ${told('queue.unsafe')} times, not once`,
    )
    mustHold(finding, told('queue.mended') === 1, 'F22 the worker does not tell that Redis evicts no more')
    mustHold(finding, said, 'F22 the worker says nothing of the eviction policy')
    mustHold(finding, refused, 'F22 the worker starts with a Redis that evicts')
    return finding
  },
}
