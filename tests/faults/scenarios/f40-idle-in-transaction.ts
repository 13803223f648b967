import postgres from 'postgres'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F40',
  title: 'a session idles in a transaction with row locks',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 15, listed: 300 },
  run: async (context) => {
    const heldMs = context.magnitude * 1_000
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl })
    const load = startLoad(stack)
    await lasts(2_000)
    const idle = postgres(databaseUrl, { max: 1, onnotice: () => {} })
    context.cleanUp(() => idle.end({ timeout: 1 }))
    await idle
      .begin(async (tx) => {
        await tx`SELECT FROM lanes FOR UPDATE`
        await tx`SELECT FROM due ORDER BY delivery LIMIT 50 FOR UPDATE`
        await tx`SELECT FROM deliveries ORDER BY id DESC LIMIT 50 FOR UPDATE`
        await lasts(heldMs)
      })
      .catch(() => undefined)
    await load.stop()
    // The session holds what is due.
    return judge(stack, { lateMs: heldMs })
  },
}
