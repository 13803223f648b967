import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F62',
  title: 'all endpoints down for 20 s, then up at once',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context, { workerEnv: { SCHEDULE_SCALE: '0.05' } })
    const load = startLoad(stack)
    await lasts(1_500)
    await stack.receiver.program({ rules: [{ answer: { status: 503 } }] })
    await lasts(20_000)
    await stack.receiver.program({ rules: [{ answer: { delayMs: 10 } }] })
    const up = Date.now()
    await lasts(1_500)
    await load.stop()
    const finding = await judge(stack, { scheduleScale: 0.05, timeoutMs: 240_000 })
    const perSecond = new Map<number, number>()
    for (const { at } of await stack.receiver.lines())
      if (at >= up) perSecond.set(Math.floor(at / 1_000), (perSecond.get(Math.floor(at / 1_000)) ?? 0) + 1)
    finding.notes.push(`busiest second after the return: ${Math.max(...perSecond.values())} requests`)
    mustHold(finding, stack.workers().length === 1, 'F62 the worker ended')
    return finding
  },
}
