import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F15',
  title: 'Redis kill -9, back empty',
  backends: ['redis'],
  run: async (context) => {
    const redis = await context.privateRedis()
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl, redis.url) })
    const load = startLoad(stack)
    for (let i = 0; i < 2; i += 1) {
      await lasts(2_000)
      await redis.kill()
      await lasts(1_500)
      await redis.restart()
    }
    await lasts(2_000)
    await load.stop()
    return judge(stack)
  },
}
