import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { eventually } from '@waybill/testing'
import { expectAlarms, sweepAlarms } from '../support/expect-alarms.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** A snapshot that cannot be written makes Redis refuse every write with MISCONF. */
export const scenario: Scenario = {
  id: 'F23',
  title: 'Redis refuses writes with MISCONF',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redis.url) })
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    const load = startLoad(stack)
    await lasts(1_500)
    const [, dir = ''] = await admin.config('GET', 'dir')
    const inTheWay = join(dir, 'dump.rdb')
    await mkdir(join(inTheWay, 'not-empty'), { recursive: true })
    await admin.config('SET', 'save', '1 1')
    await eventually(
      async () => {
        await admin.bgsave().catch(() => undefined)
        return admin.set('probe', '1').then(
          () => false,
          (error: Error) => error.message.includes('MISCONF'),
        )
      },
      { everyMs: 300 },
    )
    const fromMs = Date.now()
    await lasts(6_000)
    await rm(inTheWay, { recursive: true, force: true })
    await admin.config('SET', 'save', '')
    await admin.config('SET', 'stop-writes-on-bgsave-error', 'no')
    await lasts(2_000)
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs: Date.now() }, sweepAlarms)
    const finding = await judge(stack)
    noteAlarms(finding)
    return finding
  },
}
