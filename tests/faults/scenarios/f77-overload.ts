import { usualCaps } from '../support/checks/check-vitals.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** Each has a connection of its own. */
const atOnce = 400

export const scenario: Scenario = {
  id: 'F77',
  title: 'more calls at once than the api can take',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 12, listed: 300 },
  run: async (context) => {
    const overloadMs = context.magnitude * 1_000
    const stack = await usualStack(context)
    const load = startLoad(stack, { rate: 20_000, atOnce })
    await lasts(overloadMs)
    await load.stop()
    const finding = await judge(stack, {
      calls: { unavailable: true },
      timeoutMs: overloadMs * 25,
      // What is due waits among what comes.
      lateMs: overloadMs * 1.25,
      caps: {
        ...usualCaps,
        fds: { ...usualCaps.fds, api: usualCaps.fds.api + atOnce },
        rssMiB: { api: 600, worker: 450 },
      },
    })
    const busy = stack.client.calls.filter(({ status }) => status !== 202).length
    finding.notes.push(`${busy} calls were answered with 429 or 503`)
    mustHold(finding, finding.accepted > 500, `F77 only ${finding.accepted} were accepted`)
    return finding
  },
}
