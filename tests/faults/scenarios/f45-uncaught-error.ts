import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F45',
  title: 'an error in a job, and one that nobody catches',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const [victim] = stack.workers()
    const load = startLoad(stack)
    for (const point of [
      'fan-out.claimed:3:throw',
      'drain.claimed:1:throw',
      'drain.sliced:1:throw',
    ] as const) {
      await victim?.arm(point)
      await eventually(
        () => victim?.lines.some(({ text }) => text.includes(`fault point ${point.split(':')[0]}`)),
        {
          timeoutMs: 30_000,
        },
      )
    }
    await victim?.arm('fan-out.frozen:3:crash')
    await eventually(() => victim?.running() === false, { timeoutMs: 60_000 })
    const end = await victim?.exited
    await stack.startWorker()
    await load.stop()
    const finding = await judge(stack)
    const said = victim?.lines.some(({ text }) => text.includes('process.exception-uncaught'))
    mustHold(finding, said === true, 'F45 the error is not in the log')
    mustHold(finding, end?.code === 1, `F45 ended with ${end?.code ?? end?.signal}, not 1`)
    return finding
  },
}
