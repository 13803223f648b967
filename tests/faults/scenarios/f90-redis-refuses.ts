import { Redis } from 'ioredis'
import { expectAlarms, sweepAlarms } from '../support/expect-alarms.ts'
import { expectQueue } from '../support/expect-queue.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const queueNames = ['fan-out', 'bulk', 'drain']

/** What somebody who tends the Redis can do to the queues while their connections stand, or come back and are refused. */
export const scenario: Scenario = {
  id: 'F90',
  title:
    'Redis wants a password, forbids scripts, holds something else in place of the queues, or they are paused',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, redis.url)
    const stack = await usualStack(context, { databaseUrl, queue })
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    const load = startLoad(stack)
    await lasts(2_000)

    const fromMs = Date.now()
    await admin.config('SET', 'requirepass', 'another')
    await admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await lasts(5_000)
    await admin.config('SET', 'requirepass', '')
    await lasts(3_000)

    await admin.acl('SETUSER', 'default', '-eval', '-evalsha')
    await lasts(5_000)
    await admin.acl('SETUSER', 'default', '+@all')
    await lasts(3_000)

    const keys = queueNames.flatMap((name) => ['wait', 'meta'].map((part) => `{waybill}:${name}:${part}`))
    for (const key of keys) await admin.set(key, 'something else')
    await lasts(5_000)
    await admin.del(keys)
    await lasts(3_000)

    for (const name of queueNames) await admin.hset(`{waybill}:${name}:meta`, 'paused', '1')
    await lasts(8_000)
    for (const name of queueNames) await admin.hdel(`{waybill}:${name}:meta`, 'paused')
    await lasts(2_000)
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs: Date.now() }, sweepAlarms)
    const noteQueue = await expectQueue(stack)
    await load.stop()
    const finding = await judge(stack)
    noteAlarms(finding)
    noteQueue(finding)
    return finding
  },
}
