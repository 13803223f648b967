import { judge, mustHold } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import type { Scenario } from '../support/scenario.ts'

export const scenario: Scenario = {
  id: 'F12',
  title: 'the wake-up for the next try fails, and only that',
  backends: ['redis'],
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    // The ids of a lane's wake-ups begin like this.
    links.workerRedis?.cutEvery(stack.subscriptions.map(({ id }) => `l-${id}-`))
    await stack.client.post(200, { rate: 50 })
    const finding = await judge(stack)
    mustHold(finding, (links.workerRedis?.cuts() ?? 0) > 0, 'F12 no wake-up was cut')
    mustHold(finding, stack.workers().length === 1, 'F12 the worker ended')
    return finding
  },
}
