import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F62',
  title: 'all endpoints down, then up at once',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 20, listed: 3_600 },
  run: async (context) => {
    const downMs = context.magnitude * 1_000
    const stack = await usualStack(context, {
      workerEnv: { SCHEDULE_SCALE: '0.05' },
      // Beyond the longest outage and the retries after it.
      horizonSeconds: 86_400,
    })
    const load = startLoad(stack)
    await lasts(1_500)
    await stack.receiver.program({ rules: [{ answer: { status: 503 } }] })
    await lasts(downMs)
    await stack.receiver.program({ rules: [{ answer: { delayMs: 10 } }] })
    const up = Date.now()
    await lasts(1_500)
    await load.stop()
    const finding = await judge(stack, {
      scheduleScale: 0.05,
      // Gaps grow as long as the outage.
      timeoutMs: Math.max(240_000, downMs * 1.5),
      // What failed before the breaker opened waits for its turn, one try every 5 s.
      lateMs: context.full ? downMs : 0,
    })
    const perSecond = new Map<number, number>()
    for (const { at } of await stack.receiver.lines())
      if (at >= up) perSecond.set(Math.floor(at / 1_000), (perSecond.get(Math.floor(at / 1_000)) ?? 0) + 1)
    finding.notes.push(`busiest second after the return: ${Math.max(...perSecond.values())} requests`)
    mustHold(finding, stack.workers().length === 1, 'F62 the worker ended')
    return finding
  },
}
