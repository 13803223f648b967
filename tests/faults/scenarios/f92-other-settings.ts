import postgres from 'postgres'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** Whoever tends a server sets these for others than us, or for a habit; each holds from the next connection on. */
const settings = {
  DateStyle: "'SQL, DMY'",
  TimeZone: "'Asia/Kolkata'",
  IntervalStyle: 'sql_standard',
  bytea_output: 'escape',
  extra_float_digits: '0',
  default_transaction_isolation: "'repeatable read'",
  default_transaction_deferrable: 'on',
  idle_session_timeout: "'1s'",
  idle_in_transaction_session_timeout: "'1s'",
  statement_timeout: "'1s'",
  lock_timeout: "'100ms'",
  jit_above_cost: '0',
}

export const scenario: Scenario = {
  id: 'F92',
  title:
    'the settings of the database change: dates, bytes, time zone, isolation, idle sessions end after a second',
  backends: bothBackends,
  run: async (context) => {
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const name = new URL(databaseUrl).pathname.slice(1)
    const load = startLoad(stack, { rate: 20 })
    await lasts(2_000)
    const sql = postgres(databaseUrl, { max: 1 })
    context.cleanUp(() => sql.end({ timeout: 2 }))
    for (const [key, value] of Object.entries(settings))
      await sql.unsafe(`ALTER DATABASE "${name}" SET ${key} = ${value}`)
    await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = ${name} AND pid <> pg_backend_pid() AND backend_type = 'client backend'`
    await lasts(1_000)
    const from = stack.client.calls.length
    await lasts(8_000)
    const calls = stack.client.calls.slice(from)
    // Those that read everything with the new settings from the start.
    const old = [...stack.apis(), ...stack.workers()]
    await Promise.all([stack.startApi(), stack.startWorker()])
    for (const one of old) one.kill('SIGTERM')
    await Promise.all(old.map(({ exited }) => exited))
    await lasts(4_000)
    await load.stop()
    // Nothing is asked for a while, so that whatever may idle does.
    await lasts(4_000)
    await stack.client.post(40, { rate: 20 })
    const finding = await judge(stack, { calls: { unavailable: true, cut: true } })
    const accepted = calls.filter(({ status }) => status === 202).length
    finding.notes.push(`accepted ${accepted} of ${calls.length} calls with the new settings`)
    mustHold(finding, accepted === calls.length, 'F92 the settings refuse calls')
    return finding
  },
}
