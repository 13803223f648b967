import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F70',
  title: '429 and 503 with Retry-After',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    await stack.subscribe('/limited')
    await stack.subscribe('/busy')
    const asks = (status: number) => ({ status, headers: { 'retry-after': '3' } })
    await stack.receiver.program({
      rules: [
        { path: '/limited', first: 1, answer: asks(429) },
        { path: '/busy', first: 1, answer: asks(503) },
      ],
    })
    await stack.client.post(30, { rate: 30 })
    const finding = await judge(stack)
    const { received } = await readLedgers(stack)
    const early = received.filter(({ path, n, id, mono }) => {
      if ((path !== '/limited' && path !== '/busy') || n !== 2) return false
      const first = received.find((one) => one.id === id && one.n === 1)
      return first !== undefined && mono - first.mono < 2_950
    })
    mustHold(finding, early.length === 0, `C5 ${early.length} retries came before Retry-After`)
    return finding
  },
}
