import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startEveryLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F57',
  title: '20 rolling restarts of api and worker under load',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const loads = startEveryLoad(stack)
    for (let i = 0; i < 20; i += 1) {
      const old = [...stack.apis(), ...stack.workers()]
      await Promise.all([stack.startApi(), stack.startWorker()])
      for (const one of old) one.kill('SIGTERM')
      await Promise.all(old.map(({ exited }) => exited))
    }
    await loads.stop()
    return judge(stack)
  },
}
