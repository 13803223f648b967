import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F36',
  title: 'Postgres read-only',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    await lasts(2_000)
    const set = (value: string) =>
      postgres.asAdmin(async (sql) => {
        await sql`SET default_transaction_read_only = off`
        await sql.unsafe(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
        await sql`SELECT pg_reload_conf()`
      })
    await set('on')
    await lasts(500)
    const from = stack.client.calls.length
    await lasts(6_000)
    const during = stack.client.calls.slice(from, -20)
    await set('off')
    await lasts(3_000)
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true } })
    const accepted = during.filter(({ status }) => status === 202).length
    mustHold(finding, accepted === 0, `F36 ${accepted} calls were accepted while nothing could be written`)
    return finding
  },
}
