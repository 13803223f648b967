import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** Three leases of the harness. */
const frozenMs = 6_000

export const scenario: Scenario = {
  id: 'F82',
  title: 'a worker stopped (SIGSTOP) for three leases beside another, and continued',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { receiverDelayMs: 50 })
    const [victim] = stack.workers()
    await stack.startWorker()
    const load = startLoad(stack)
    await lasts(2_000)
    victim?.kill('SIGSTOP')
    await lasts(frozenMs)
    victim?.kill('SIGCONT')
    await eventually(() => victim?.running() === false, { timeoutMs: 20_000 })
    const end = await victim?.exited
    await lasts(1_000)
    await load.stop()
    // What was in flight when it was stopped came that much before its end.
    const finding = await judge(stack, { inFlightMs: frozenMs + 5_000 })
    mustHold(finding, end?.code === 70, `F82 the worker ended with ${end?.code ?? end?.signal}, not 70`)
    return finding
  },
}
