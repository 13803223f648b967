import { Redis } from 'ioredis'
import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F19',
  title: 'failover to a Redis replica that lacks the last writes',
  backends: ['redis'],
  run: async (context) => {
    const [main, replica] = [await context.privateRedis(), await context.privateRedis()]
    const proxy = await context.proxy()
    const redisUrl = proxy.route(main.url)
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redisUrl) })
    const admin = new Redis(replica.url)
    context.cleanUp(async () => admin.disconnect())
    await admin.replicaof('127.0.0.1', new URL(main.url).port)
    await eventually(async () => (await admin.info('replication')).includes('master_link_status:up'))
    const load = startLoad(stack)
    await lasts(2_000)
    // First the clients meet a replica that refuses writes, then it is promoted.
    proxy.route(replica.url)
    proxy.reset()
    await lasts(2_000)
    await main.kill()
    await admin.replicaof('NO', 'ONE')
    await lasts(4_000)
    await load.stop()
    const finding = await judge(stack)
    mustHold(
      finding,
      String(await admin.call('CLIENT', 'LIST', 'TYPE', 'normal')).split('\n').length > 3,
      'F19 nobody talks to the new server',
    )
    return finding
  },
}
