import { migrateQueue } from '@waybill/queue'
import postgres from 'postgres'
import { expectAlarms, sweepAlarms } from '../support/expect-alarms.ts'
import { expectQueue } from '../support/expect-queue.ts'
import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const queueNames = ['fan-out', 'bulk', 'drain']

/** What can happen to the queue's tables while those of Waybill stand beside them. */
export const scenario: Scenario = {
  id: 'F91',
  title: 'the tables of the queue emptied again and again, locked, paused, and gone until they are migrated',
  backends: ['postgres'],
  run: async (context) => {
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl)
    const stack = await usualStack(context, { databaseUrl, queue })
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
    context.cleanUp(() => sql.end({ timeout: 2 }))
    const load = startLoad(stack)
    await lasts(2_000)

    const fromMs = Date.now()
    for (let i = 0; i < 4; i += 1) {
      await sql`TRUNCATE bullmq.job CASCADE`
      await lasts(1_000)
    }
    await sql.begin(async (tx) => {
      await tx`LOCK TABLE bullmq.job IN ACCESS EXCLUSIVE MODE`
      await lasts(6_000)
    })
    await lasts(3_000)

    const pause = (paused: boolean) =>
      sql`SELECT bullmq.pause(queue, ${paused}) FROM unnest(${queueNames}::text[]) AS queue`
    await pause(true)
    await lasts(6_000)
    await pause(false)
    await lasts(2_000)

    await sql`DROP SCHEMA bullmq CASCADE`
    await lasts(6_000)
    await migrateQueue(queue)
    const toMs = Date.now()
    await lasts(2_000)
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, sweepAlarms)
    const noteQueue = await expectQueue(stack)
    await load.stop()
    const finding = await judge(stack)
    noteAlarms(finding)
    noteQueue(finding)
    return finding
  },
}
