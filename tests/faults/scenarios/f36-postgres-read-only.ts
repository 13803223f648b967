import type { FaultStack } from '../support/fault-stack.ts'
import { judge, mustHold } from '../support/judge.ts'
import type { PrivatePostgres } from '../support/private-postgres.ts'
import { bothBackends, type FaultContext, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'
import { demote, primarySettings, startStandby } from '../support/start-standby.ts'

/** How many calls were answered 202 while `fault` lasts. */
async function acceptedWhile(stack: FaultStack, fault: () => Promise<unknown>): Promise<number> {
  await lasts(500)
  const from = stack.client.calls.length
  await fault()
  // The last ones may have been under way when it ended.
  return stack.client.calls.slice(from, -20).filter(({ status }) => status === 202).length
}

async function setReadOnly(postgres: PrivatePostgres, value: 'on' | 'off'): Promise<void> {
  await postgres.asAdmin(async (sql) => {
    await sql`SET default_transaction_read_only = off`
    await sql.unsafe(`ALTER SYSTEM SET default_transaction_read_only = ${value}`)
    await sql`SELECT pg_reload_conf()`
  })
}

/** A planned switch of roles: the old primary stays at its address and takes no writes; the address moves on later. */
async function switchOver(context: FaultContext, main: PrivatePostgres) {
  const standby = await startStandby(context, main, await context.proxy())
  return async () => {
    // A fast stop waits until the standby has everything.
    await main.stop('fast')
    await standby.promote()
    await demote(main, standby)
    await main.start()
    return standby
  }
}

export const scenario: Scenario = {
  id: 'F36',
  title: 'Postgres read-only, and demoted to a standby while its address still leads there',
  backends: bothBackends,
  run: async (context) => {
    const main = await context.privatePostgres(primarySettings)
    const front = await context.proxy()
    const databaseUrl = front.route(main.url)
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    const load = startLoad(stack)
    await lasts(2_000)
    await setReadOnly(main, 'on')
    const whileReadOnly = await acceptedWhile(stack, () => lasts(6_000))
    await setReadOnly(main, 'off')
    await lasts(3_000)

    const change = await switchOver(context, main)
    const standby = await change()
    const whileDemoted = await acceptedWhile(stack, () => lasts(6_000))
    // Nobody ends the connections to the old server: they have to be left.
    front.route(standby.url)
    const movedAt = Date.now()
    await lasts(12_000)
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true, cut: true } })
    const back = stack.client.calls.find(({ at, status }) => at >= movedAt && status === 202)
    // The last seconds of this were spent on judging; both processes ask their database something every few seconds.
    const strangers = await main.asAdmin(
      (sql) => sql<{ name: string; used: boolean }[]>`
        SELECT application_name AS name, state_change > now() - interval '10 s' AS used FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND application_name LIKE 'waybill-%' AND application_name <> 'waybill-faults'`,
    )
    const used = strangers.filter((one) => one.used)
    finding.notes.push(
      `accepting again ${back ? back.at - movedAt : '?'} ms after the address moved on; ` +
        `${strangers.length} connections to the old server are left, ${used.length} of them in use`,
    )
    mustHold(finding, whileReadOnly === 0, `F36 ${whileReadOnly} calls were accepted while it was read-only`)
    mustHold(finding, whileDemoted === 0, `F36 ${whileDemoted} calls were accepted while it was demoted`)
    mustHold(finding, back !== undefined, 'F36 nothing was accepted after the address had moved on')
    mustHold(
      finding,
      used.length === 0,
      `F36 the demoted server is still used: ${used.map(({ name }) => name).join()}`,
    )
    return finding
  },
}
