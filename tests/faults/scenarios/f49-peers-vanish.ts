import { eventually } from '@waybill/testing'
import { judge } from '../support/judge.ts'
import { linkedStack } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

/**
 * The connections that are there fall silent and stay so, without a FIN; new ones work. That is what a peer that vanished
 * behind a NAT or a failed-over address looks like.
 */
export const scenario: Scenario = {
  id: 'F49',
  title: 'peers that vanish without a FIN; new connections work',
  backends: bothBackends,
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const load = startLoad(stack, { rate: 30 })
    await lasts(2_000)
    for (const link of Object.values(links)) link.forget()
    await lasts(25_000)
    const before = await stack.receiver.count()
    await eventually(async () => (await stack.receiver.count()) > before + 30, { timeoutMs: 30_000 })
    await load.stop()
    return judge(stack, { calls: { unavailable: true }, bound: 0 })
  },
}
