import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startEveryLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F55',
  title: 'SIGTERM of api and worker under load',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const load = startEveryLoad(stack, 40)
    await lasts(2_000)
    const [oldApi, oldWorker] = [stack.apis()[0], stack.workers()[0]]
    await Promise.all([stack.startApi(), stack.startWorker()])
    oldApi?.kill('SIGTERM')
    oldWorker?.kill('SIGTERM')
    const ends = await Promise.all([oldApi?.exited, oldWorker?.exited])
    await lasts(1_000)
    await load.stop()
    const finding = await judge(stack)
    for (const end of ends)
      mustHold(finding, end?.code === 0, `F55 ended with ${end?.code ?? end?.signal}, not 0`)
    return finding
  },
}
