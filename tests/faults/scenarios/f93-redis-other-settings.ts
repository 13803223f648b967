import { Redis } from 'ioredis'
import { expectQueue } from '../support/expect-queue.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F93',
  title:
    'Redis ends idle connections after a second, takes no more of them, is busy with a script, or pauses writes',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redis.url) })
    const admin = new Redis(redis.url)
    const other = new Redis(redis.url)
    context.cleanUp(async () => {
      admin.disconnect()
      other.disconnect()
    })
    const load = startLoad(stack, { rate: 10 })
    const keepAlive = setInterval(() => void admin.ping().catch(() => undefined), 300)
    context.cleanUp(async () => clearInterval(keepAlive))
    await lasts(2_000)

    await admin.config('SET', 'timeout', '1')
    await lasts(6_000)
    await admin.config('SET', 'timeout', '0')

    const clients = Number((await admin.config('GET', 'maxclients'))[1])
    await admin.config('SET', 'maxclients', '2')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await lasts(5_000)
    await admin.config('SET', 'maxclients', String(clients))
    await lasts(2_000)

    await admin.config('SET', 'busy-reply-threshold', '50')
    const endless = other.eval('while true do end', 0).catch(() => undefined)
    await lasts(5_000)
    await admin.call('SCRIPT', 'KILL')
    await endless
    await lasts(2_000)

    await admin.call('CLIENT', 'PAUSE', '5000', 'WRITE')
    await lasts(15_000)
    const noteQueue = await expectQueue(stack)
    await load.stop()
    const finding = await judge(stack)
    noteQueue(finding)
    return finding
  },
}
