import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'
import type { FaultAnswer } from '../support/receiver-types.ts'

const modes: NonNullable<FaultAnswer['mode']>[] = ['reset', 'close', 'half-close', 'answer-then-reset']

/** Every request that arrives is an attempt that was made on purpose: nothing is sent again behind our back. */
export const scenario: Scenario = {
  id: 'F69',
  title: 'RST after the bytes, half-close, no answer, reset of an idle socket',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    for (const mode of modes) await stack.subscribe(`/${mode}`)
    await stack.receiver.program({
      rules: modes.map((mode) => ({
        path: `/${mode}`,
        ...(mode === 'answer-then-reset' ? {} : { first: 1 }),
        answer: { mode },
      })),
    })
    await stack.client.post(60, { rate: 20, atOnce: 3 })
    const finding = await judge(stack)
    const { attempts, received } = await readLedgers(stack)
    const known = attempts.filter(({ err }) => err !== 'connect_failed' && err !== 'connect_refused').length
    finding.notes.push(`${received.length} requests, ${known} attempts`)
    mustHold(finding, received.length <= known, `F69 ${received.length} requests for ${known} attempts`)
    return finding
  },
}
