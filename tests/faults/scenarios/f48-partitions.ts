import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { linkedStack, setLinks, type LinkName } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

/** Every combination of links but none: 15 on Redis, 3 on Postgres; then all of them long enough for alarms to turn. */
/** How long a statement may hang on a connection that fell silent, docs/adr/0014; a claim that hangs holds its lane. */
const vanishedMs = 20_000

export const scenario: Scenario = {
  id: 'F48',
  title: 'every combination of broken links, refused or silent by turns',
  backends: bothBackends,
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const names = Object.keys(links) as LinkName[]
    const load = startLoad(stack, { rate: 30 })
    await lasts(1_000)
    for (let combination = 1; combination < 2 ** names.length; combination += 1) {
      const broken = names.filter((_, i) => combination & (2 ** i)).map((name) => links[name])
      setLinks(broken, combination % 2 === 0 ? { down: true } : { blackhole: true })
      await lasts(3_000)
      setLinks(broken, {})
      for (const link of broken) link?.reset()
      await lasts(1_200)
    }
    await lasts(5_000)
    const all = names.map((name) => links[name])
    const fromMs = Date.now()
    setLinks(all, { blackhole: true })
    await lasts(17_000)
    setLinks(all, {})
    for (const link of all) link?.reset()
    const toMs = Date.now()
    await lasts(2_000)
    await load.stop()
    const alarms = [
      ...alarmsOf.postgres.filter((alarm) => !('stays' in alarm)),
      ...(context.backend === 'redis' ? alarmsOf.redis : []),
    ]
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs }, alarms)
    const finding = await judge(stack, { calls: { unavailable: true }, lateMs: vanishedMs })
    noteAlarms(finding)
    mustHold(
      finding,
      stack.workers().length === 1 && stack.apis()[0]?.running() === true,
      'F48 a process ended',
    )
    return finding
  },
}
