import { judge, mustHold } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad } from '../support/start-load.ts'
import { tearLink } from '../support/tear-link.ts'

export const scenario: Scenario = {
  id: 'F86',
  title: 'each link in slices, slow, cut in the middle of messages, half-closed either way',
  backends: bothBackends,
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const load = startLoad(stack, { rate: 30 })
    for (const [name, link] of Object.entries(links)) {
      await tearLink(link, { random: context.random, log: (phase) => context.log(`  ${name}: ${phase}`) })
    }
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true } })
    mustHold(
      finding,
      stack.workers().length === 1 && stack.apis()[0]?.running() === true,
      'F86 a process ended',
    )
    return finding
  },
}
