import { createWakeUps } from '@waybill/queue'
import { eventually } from '@waybill/testing'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F53',
  title: 'every job twice, on two workers, and jobs about nothing',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    await stack.startWorker()
    const two = [1, 2].map(() => createWakeUps(stack.queue, { onError: () => {} }))
    for (const wakeUps of two) context.cleanUp(() => wakeUps.close())
    await eventually(() => two.every((wakeUps) => wakeUps.ready()))
    await stack.client.post(300, {
      rate: 100,
      onAnswered: (n) => {
        void stack.database.sql<{ id: number }[]>`SELECT id FROM batches ORDER BY id DESC LIMIT 5`.then(
          (rows) => {
            for (const wakeUps of two) {
              for (const { id } of rows) wakeUps.fanOut(id)
              for (const { id } of stack.subscriptions) wakeUps.drain(id, 0, { again: true })
              wakeUps.fanOut(900_000_000 + n)
              wakeUps.drain(2_000_000 + n, 0)
            }
          },
        )
      },
    })
    return judge(stack)
  },
}
