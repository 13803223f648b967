import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const times = 8
const everyMs = 800

export const scenario: Scenario = {
  id: 'F29',
  title: 'pg_terminate_backend of every connection, again and again',
  backends: bothBackends,
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    /** Of the api; a call needs no more than one of them. */
    let terminated = 0
    for (let i = 0; i < times; i += 1) {
      await lasts(everyMs)
      const rows = await postgres.asAdmin(
        (sql) => sql<{ name: string }[]>`
          SELECT application_name AS name, pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'waybill-faults'`,
      )
      terminated += rows.filter(({ name }) => name === 'waybill-api').length
    }
    await lasts(1_500)
    await load.stop()
    // Between two of these a retry may find no connection that lasts long enough.
    const finding = await judge(stack, { calls: { unavailable: true }, lateMs: times * everyMs })
    const failed = stack.client.calls.filter(({ status }) => status !== 202).length
    finding.notes.push(`${terminated} connections of the api terminated, ${failed} calls failed`)
    mustHold(finding, terminated >= times, `F29 only ${terminated} connections were terminated`)
    mustHold(finding, failed <= terminated, `F29 ${failed} calls failed for ${terminated} connections`)
    mustHold(
      finding,
      stack.workers().length === 1 && stack.apis()[0]?.running() === true,
      'F29 a process ended',
    )
    return finding
  },
}
