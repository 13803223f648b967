import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F51',
  title: 'clocks that jump while the processes run, and the year 2038',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { worker: false })
    const [old] = stack.apis()
    const in2038 = Date.UTC(2038, 0, 20) - Date.now()
    const jump = (ms: number) => ({ skewed: true, env: { SKEW_MS: String(ms), SKEW_AFTER_MS: '5000' } })
    await Promise.all([
      stack.startApi(jump(-7_200_000)),
      stack.startWorker(jump(3_600_000)),
      stack.startWorker(jump(in2038)),
    ])
    old?.kill('SIGTERM')
    await old?.exited
    const load = startLoad(stack)
    await lasts(9_000)
    await load.stop()
    const finding = await judge(stack)
    mustHold(finding, stack.workers().length === 2, 'F51 a worker ended')
    return finding
  },
}
