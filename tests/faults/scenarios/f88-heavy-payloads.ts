import { usualCaps } from '../support/checks/check-vitals.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

const facility = 'heavy'
const subscriptions = 40
const triggers = 20
/** Near the most a trigger may have, in characters of two bytes. */
const note = 'ж'.repeat(125_000)

export const scenario: Scenario = {
  id: 'F88',
  title: 'payloads of the greatest size for forty endpoints that read them and do not answer',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    for (let i = 0; i < subscriptions; i += 1)
      await stack.subscribe(`/heavy-${i}`, { filters: { facilities: [facility] }, timeoutMs: 15_000 })
    await stack.receiver.program({
      rules: [
        { begins: '/heavy', first: 1, answer: { mode: 'hang' } },
        { begins: '/flaky', first: 1, chance: 0.2, answer: { status: 500 } },
        { answer: { delayMs: 10 } },
      ],
    })
    const load = startLoad(stack, { rate: 30 })
    await lasts(2_000)
    await stack.client.post(triggers, { rate: 2, body: { facility_id: facility, order: { note } } })
    await lasts(20_000)
    await load.stop()
    const finding = await judge(stack, {
      timeoutMs: 240_000,
      // An open breaker lets few through at a time, and each of these takes 15 s.
      lateMs: 150_000,
      caps: { fds: { ...usualCaps.fds, worker: 2_000 } },
    })
    const [row] = await stack.database.sql<{ n: number }[]>`
      SELECT count(*)::int AS n FROM attempts WHERE err = 'timeout'`
    finding.notes.push(`${row?.n} attempts without an answer`)
    mustHold(
      finding,
      (row?.n ?? 0) > subscriptions,
      'F88 every endpoint answered: the fault was not injected',
    )
    return finding
  },
}
