import { eventually } from '@waybill/testing'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F56',
  title: 'SIGTERM while endpoints hang; a second SIGTERM',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    await stack.receiver.program({ rules: [{ first: 1, answer: { mode: 'hang' } }] })
    const terminate = async (signals: number) => {
      const seen = await stack.receiver.count()
      await stack.client.post(5)
      await eventually(async () => (await stack.receiver.count()) >= seen + 10)
      const [worker] = stack.workers()
      const startedAt = performance.now()
      for (let i = 0; i < signals; i += 1) {
        worker?.kill('SIGTERM')
        await lasts(300)
      }
      const end = await worker?.exited
      return { code: end?.code, seconds: (performance.now() - startedAt) / 1_000 }
    }
    const once = await terminate(1)
    await stack.startWorker()
    const twice = await terminate(2)
    await stack.receiver.program({ rules: [] })
    await stack.startWorker()
    const finding = await judge(stack)
    // The subscriptions' own deadline is 5 s.
    mustHold(finding, once.code === 0, `F56 ended with ${once.code}, not 0`)
    mustHold(finding, once.seconds < 10, `F56 took ${once.seconds} s to end`)
    mustHold(finding, twice.seconds < 2, `F56 took ${twice.seconds} s to end after the second signal`)
    return finding
  },
}
