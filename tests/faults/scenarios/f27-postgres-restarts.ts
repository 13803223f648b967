import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
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
    const outages: { fromMs: number; toMs: number }[] = []
    for (const mode of ['fast', 'immediate'] as const) {
      await lasts(2_000)
      const fromMs = Date.now()
      await postgres.stop(mode)
      // Longer than every lease.
      await lasts(5_000)
      await postgres.start()
      outages.push({ fromMs, toMs: Date.now() })
    }
    await lasts(2_000)
    await load.stop()
    const notes = []
    for (const [i, outage] of outages.entries()) {
      // What looks back over minutes is still on from the first.
      const alarms = alarmsOf.postgres.filter((alarm) => i === 0 || !('stays' in alarm))
      notes.push(await expectAlarms(stack, outage, alarms))
    }
    const finding = await judge(stack, { calls: { unavailable: true } })
    for (const note of notes) note(finding)
    return finding
  },
}
