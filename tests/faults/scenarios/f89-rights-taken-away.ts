import { expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const role = 'waybill_app'
const isolate = (level: string) => `ALTER ROLE ${role} SET default_transaction_isolation = '${level}'`

/** What somebody who tends the database does to the service's role, on purpose or not. */
export const scenario: Scenario = {
  id: 'F89',
  title: "Postgres isolates every transaction, then takes the role's rights, then its login",
  backends: bothBackends,
  run: async (context) => {
    const main = await context.privatePostgres()
    const owner = new URL(main.url).username
    const change = (...statements: string[]) =>
      main.asAdmin(async (sql) => {
        for (const statement of statements) await sql.unsafe(statement)
        // Settings of a role hold for new connections.
        await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${role}`
      })
    await change(`CREATE ROLE ${role} LOGIN PASSWORD 'app' IN ROLE ${owner}`)
    const address = new URL(main.url)
    address.username = role
    address.password = 'app'
    const databaseUrl = address.href
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const during = async (ms: number, fault: string, mended: string) => {
      const fromMs = Date.now()
      await change(fault)
      await lasts(1_000)
      const from = stack.client.calls.length
      await lasts(ms)
      const calls = stack.client.calls.slice(from)
      await change(mended)
      const accepted = calls.filter(({ status }) => status === 202).length
      return { fromMs, toMs: Date.now(), calls: calls.length, accepted }
    }
    const load = startLoad(stack)
    await lasts(2_000)
    const isolated = await during(5_000, isolate('serializable'), isolate('read committed'))
    await lasts(2_000)
    const robbed = await during(6_000, `REVOKE ${owner} FROM ${role}`, `GRANT ${owner} TO ${role}`)
    const noteAlarms = await expectAlarms(stack, robbed, [
      { readiness: 'api' },
      { readiness: 'worker' },
      { alert: 'WaybillApiErrors', stays: true },
    ])
    const shutOut = await during(6_000, `ALTER ROLE ${role} NOLOGIN`, `ALTER ROLE ${role} LOGIN`)
    await lasts(2_000)
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true, cut: true } })
    noteAlarms(finding)
    finding.notes.push(
      `accepted ${isolated.accepted} of ${isolated.calls} calls isolated, ${robbed.accepted} of ${robbed.calls} without rights, ` +
        `${shutOut.accepted} of ${shutOut.calls} without a login`,
    )
    mustHold(finding, isolated.accepted > isolated.calls * 0.9, 'F89 isolation refuses calls')
    mustHold(finding, robbed.accepted === 0, 'F89 calls were accepted without the right to store them')
    mustHold(finding, shutOut.accepted === 0, 'F89 calls were accepted without a login')
    return finding
  },
}
