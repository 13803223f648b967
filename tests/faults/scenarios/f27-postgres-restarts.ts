import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F27',
  title: 'Postgres restarts, fast and immediate',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    for (const mode of ['fast', 'immediate'] as const) {
      await lasts(2_000)
      await postgres.stop(mode)
      // Longer than every lease.
      await lasts(5_000)
      await postgres.start()
    }
    await lasts(2_000)
    await load.stop()
    return judge(stack, { calls: { unavailable: true } })
  },
}
