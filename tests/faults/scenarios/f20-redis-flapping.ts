import { alarmsOf, expectAlarms } from '../support/expect-alarms.ts'
import { judge, mustHold } from '../support/judge.ts'
import { linkedStack, setLinks } from '../support/linked-stack.ts'
import type { Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F20',
  title: 'Redis flapping, 2 s up and 8 s down',
  backends: ['redis'],
  magnitude: { unit: 's', usual: 40, listed: 600 },
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const both = [links.apiRedis, links.workerRedis]
    const load = startLoad(stack, { rate: 30 })
    await lasts(2_000)
    const fromMs = Date.now()
    for (let s = 0; s < context.magnitude; s += 10) {
      setLinks(both, { down: true })
      await lasts(8_000)
      setLinks(both, {})
      await lasts(2_000)
    }
    await load.stop()
    const noteAlarms = await expectAlarms(stack, { fromMs, toMs: Date.now() }, alarmsOf.redis)
    const finding = await judge(stack)
    noteAlarms(finding)
    mustHold(
      finding,
      stack.workers().length === 1 && stack.apis()[0]?.running() === true,
      'F20 a process ended',
    )
    // It must read the queue again, not only sweep.
    const before = (await stack.receiver.lines()).length
    await stack.client.post(5)
    await lasts(3_000)
    mustHold(finding, (await stack.receiver.lines()).length > before, 'F20 nothing is delivered afterwards')
    return finding
  },
}
