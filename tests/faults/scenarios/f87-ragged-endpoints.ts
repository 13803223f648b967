import { judge, mustHold } from '../support/judge.ts'
import { quiesce } from '../support/quiesce.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'
import { tearLink } from '../support/tear-link.ts'

const torn = ['/torn/a', '/torn/b', '/torn/c']

export const scenario: Scenario = {
  id: 'F87',
  title: 'the link to some endpoints in slices, slow, cut in the middle of messages, half-closed either way',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const link = await context.proxy()
    const origin = link.route(stack.receiver.url)
    for (const path of torn) await stack.subscribe(path, { url: `${origin}${path}` })
    const load = startLoad(stack, { rate: 30 })
    await tearLink(link, { random: context.random, log: (phase) => context.log(`  ${phase}`) })
    await load.stop()
    await quiesce(stack.database.sql)
    // An answer that was cut off is one the receiver has given.
    const failed = await stack.database.sql<{ name: string; n: number }[]>`
      SELECT r.url AS name, count(*)::int AS n FROM attempts a JOIN deliveries d ON d.id = a.delivery
        JOIN revisions r ON r.subscription = d.subscription AND r.revision = a.revision
      WHERE a.code IS NULL GROUP BY 1 ORDER BY 1`
    const unanswered = failed.reduce((sum, { n }) => sum + n, 0)
    const finding = await judge(stack, { bound: unanswered })
    finding.notes.push(`${unanswered} attempts without an answer`)
    mustHold(finding, unanswered > 0, 'F87 every answer came: the fault was not injected')
    mustHold(
      finding,
      failed.every(({ name }) => name.startsWith(origin)),
      'F87 an attempt at another endpoint had no answer',
    )
    return finding
  },
}
