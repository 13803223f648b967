import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F42',
  title: 'event loop blocked for many leases',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 16, listed: 90 },
  run: async (context) => {
    const blockedMs = context.magnitude * 1_000
    const stack = await usualStack(context)
    const [victim] = stack.workers()
    await stack.startWorker()
    const load = startLoad(stack)
    await victim?.arm(`delivery.answered:20:block=${blockedMs}`)
    await eventually(() => victim?.running() === false, { timeoutMs: blockedMs + 44_000 })
    const end = await victim?.exited
    await load.stop()
    // What was in flight when it was blocked came that much before its end.
    const finding = await judge(stack, { inFlightMs: blockedMs + 4_000 })
    mustHold(
      finding,
      end?.code === 70,
      `F42 the blocked worker ended with ${end?.code ?? end?.signal}, not 70`,
    )
    return finding
  },
}
