import postgres from 'postgres'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F35',
  title: 'max_connections exhausted',
  backends: bothBackends,
  run: async (context) => {
    const server = await context.privatePostgres({ max_connections: '60' })
    const databaseUrl = server.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    await lasts(1_500)
    // Connected before there is no place left.
    await server.asAdmin(async (admin) => {
      await admin`SELECT 1`
      const hogs = postgres(databaseUrl, { max: 60, connect_timeout: 2, onnotice: () => {} })
      context.cleanUp(() => hogs.end({ timeout: 1 }))
      const taken = Array.from({ length: 60 }, () => hogs`SELECT pg_sleep(12)`.catch(() => undefined))
      await lasts(1_500)
      // Whoever reconnects now finds no place.
      await admin`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name IN ('waybill-api', 'waybill-worker', 'waybill-heartbeat')`
      await lasts(8_000)
      await hogs.end({ timeout: 1 })
      await Promise.all(taken)
    })
    await lasts(3_000)
    await load.stop()
    return judge(stack, { calls: { unavailable: true } })
  },
}
