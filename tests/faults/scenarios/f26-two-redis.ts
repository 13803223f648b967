import { judge } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F26',
  title: 'api on one Redis, worker on another',
  backends: ['redis'],
  run: async (context) => {
    const [one, other] = [await context.privateRedis(), await context.privateRedis()]
    const databaseUrl = await context.database()
    const queue = context.queue(databaseUrl, one.url)
    const stack = await usualStack(context, {
      databaseUrl,
      queue,
      links: { worker: { redisUrl: other.url } },
    })
    await stack.client.post(200, { rate: 50 })
    return judge(stack)
  },
}
