import { judge, mustHold } from '../support/judge.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F39',
  title: 'the connection that LISTENs is terminated, again and again',
  backends: ['postgres'],
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const stack = await usualStack(context, { databaseUrl: postgres.url, queue: context.queue(postgres.url) })
    const load = startLoad(stack, { rate: 20 })
    let killed = 0
    for (let i = 0; i < 5; i += 1) {
      await lasts(1_500)
      const rows = await postgres.asAdmin(
        (sql) => sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE (query ILIKE '%listen%' OR application_name ILIKE 'bullmq%') AND pid <> pg_backend_pid()`,
      )
      killed += rows.length
    }
    await lasts(2_000)
    await load.stop()
    const finding = await judge(stack)
    finding.notes.push(`${killed} connections terminated`)
    mustHold(finding, killed > 0, 'F39 nobody LISTENed')
    return finding
  },
}
