import { judge, mustHold } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'

/** The accept is one statement: first it never arrives, then its answer never comes back. */
export const scenario: Scenario = {
  id: 'F2',
  title: 'api killed inside the statement, before COMMIT',
  backends: bothBackends,
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    await stack.client.post(20)
    const before = stack.client.intents.size
    const hold = links.apiPostgres?.holdOnMatch(`o${context.seed}-${before + 1} Elm`)
    const posting = stack.client.post(1)
    await hold?.held
    stack.apis()[0]?.kill('SIGKILL')
    await posting
    // What was held back is lost with its connection.
    links.apiPostgres?.reset()
    hold?.release()
    const [row] = await stack.database.sql<{ n: number }[]>`SELECT count(*)::int AS n FROM triggers`
    await stack.startApi()
    const cut = links.apiPostgres?.cutOnMatch(`o${context.seed}-${before + 2} Elm`, { when: 'after' })
    const second = stack.client.post(1)
    await cut
    stack.apis()[0]?.kill('SIGKILL')
    await second
    await stack.startApi()
    const finding = await judge(stack, { calls: { cut: true, unavailable: true } })
    mustHold(finding, row?.n === before, `I3 ${row?.n} triggers were stored, not ${before}`)
    return finding
  },
}
