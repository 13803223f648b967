import { checkCanaries } from './checks/check-canaries.ts'
import type { FaultStack } from './fault-stack.ts'
import type { Finding } from './judge.ts'
import { killTour, tourLeases, visit } from './kill-tour.ts'
import { bothBackends, type Scenario } from './scenario.ts'
import { usualStack } from './start-load.ts'

/** All stops of the kill tour that belong to one fault, on one stack; `check` notes what else had to hold. */
export function tourScenario(
  id: string,
  title: string,
  check: (finding: Finding, stack: FaultStack) => Promise<void> = async () => {},
): Scenario {
  return {
    id,
    title,
    backends: bothBackends,
    run: async (context) => {
      const stack = await usualStack(context, { workerEnv: tourLeases, flakiness: 1, few: true })
      const findings: Finding[] = []
      for (const stop of killTour.filter(({ fault }) => fault === id)) findings.push(await visit(stack, stop))
      const finding = merged(findings)
      finding.failures.push(...(await checkCanaries(stack)))
      await check(finding, stack)
      return finding
    },
  }
}

/** Ledgers add up over the stops of a stack, so the last finding counts everything. */
function merged(findings: readonly Finding[]): Finding {
  const last = findings.at(-1)
  if (!last) throw new Error('the kill tour has no stop of this fault')
  return {
    ...last,
    failures: [...new Set(findings.flatMap(({ failures }) => failures))],
    recoverySeconds: Math.max(...findings.map(({ recoverySeconds }) => recoverySeconds)),
  }
}
