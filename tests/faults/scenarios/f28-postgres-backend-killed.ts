import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F28',
  title: 'kill -9 of a Postgres backend: the whole cluster recovers',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    for (const name of ['waybill-worker', 'waybill-api']) {
      await lasts(2_000)
      const [victim] = await postgres.asAdmin(
        (sql) =>
          sql<{ pid: number }[]>`SELECT pid FROM pg_stat_activity WHERE application_name = ${name} LIMIT 1`,
      )
      if (!victim) throw new Error(`${name} has no connection`)
      process.kill(victim.pid, 'SIGKILL')
    }
    await lasts(3_000)
    await load.stop()
    return judge(stack, { calls: { unavailable: true } })
  },
}
