import { eventually } from '@waybill/testing'
import { Redis } from 'ioredis'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'
import { allJobs, openJobCounts } from '../support/watch-jobs.ts'

export const scenario: Scenario = {
  id: 'F17',
  title: 'FLUSHALL with jobs waiting, delayed and active',
  backends: ['redis'],
  magnitude: { unit: 'jobs', usual: 100, listed: 10_000 },
  run: async (context) => {
    const { full, magnitude } = context
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, redis.url)
    const stack = await usualStack(context, { databaseUrl, queue, worker: false, flakiness: 1 })
    const countJobs = await openJobCounts(context, queue)
    const admin = new Redis(redis.url)
    context.cleanUp(async () => admin.disconnect())
    // One call at a time makes one job each; a fifth more, since a worker takes some before the first is delayed.
    await stack.client.post(full ? magnitude * 1.2 : 1_500, { atOnce: full ? 1 : 3 })
    if (full) await stack.startWorker()
    const held = await eventually(async () => {
      const counts = await countJobs()
      if (full && (counts.delayed === 0 || counts.active === 0)) throw new Error('not in every state')
      return counts
    })
    await admin.flushall()
    if (!full) await stack.startWorker()
    const load = startLoad(stack, { rate: 100 })
    for (let i = 0; i < 4; i += 1) {
      await lasts(1_000)
      await admin.flushall()
    }
    await load.stop()
    const finding = await judge(stack, { timeoutMs: full ? 600_000 : 90_000 })
    const { waiting, delayed, active } = held
    finding.notes.push(`at the first FLUSHALL ${waiting} waited, ${delayed} were delayed, ${active} active`)
    mustHold(finding, allJobs(held) >= magnitude, `F17 only ${allJobs(held)} jobs at the first FLUSHALL`)
    return finding
  },
}
