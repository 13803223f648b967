import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F31',
  title: 'Postgres stopped (SIGSTOP)',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 20, listed: 60 },
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const databaseUrl = postgres.url
    const stack = await usualStack(context, { databaseUrl, queue: context.queue(databaseUrl) })
    context.cleanUp(() => postgres.thaw())
    const load = startLoad(stack)
    await lasts(2_000)
    const fromMs = Date.now()
    await postgres.freeze()
    await lasts(context.magnitude * 1_000)
    const refused = stack.client.calls.filter(({ status }) => status === 503).length
    await postgres.thaw()
    const toMs = Date.now()
    await lasts(3_000)
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, alarmsOf.postgres)
    const finding = await judge(stack, { calls: { unavailable: true } })
    noteAlarms(finding)
    mustHold(finding, refused > 0, 'F31 no call was refused while Postgres hung')
    return finding
  },
}
