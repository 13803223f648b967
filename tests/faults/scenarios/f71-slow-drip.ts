import { readLedgers } from '../support/checks/read-ledgers.ts'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'

export const scenario: Scenario = {
  id: 'F71',
  title: 'heads and bodies that drip, and a flood of 1xx',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const modes = ['drip-head', 'informational-flood'] as const
    for (const mode of [...modes, 'drip-body' as const])
      await stack.subscribe(`/${mode}`, { timeoutMs: 1_500 })
    await stack.receiver.program({
      rules: [
        ...modes.map((mode) => ({ path: `/${mode}`, first: 1, answer: { mode, status: 200 } })),
        { path: '/drip-body', answer: { mode: 'drip-body' as const } },
      ],
    })
    await stack.client.post(10, { rate: 10 })
    // The head that drips is answered 200 by the receiver and never read by us.
    const finding = await judge(stack, { skip: ['C4', 'C2'], bound: 10 })
    const { sql } = stack.database
    const [row] = await sql<{ longest: number }[]>`SELECT coalesce(max(ms), 0)::int AS longest FROM attempts`
    const { deliveries } = await readLedgers(stack)
    finding.notes.push(
      `longest attempt ${row?.longest} ms; a head that drips counts as an answer in the duplicates`,
    )
    mustHold(finding, (row?.longest ?? 0) <= 1_500 + 2_250, `F71 an attempt took ${row?.longest} ms`)
    mustHold(
      finding,
      deliveries.every(({ status }) => status === 'delivered'),
      'F71 not all were delivered',
    )
    return finding
  },
}
