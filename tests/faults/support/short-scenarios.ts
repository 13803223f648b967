import { checkCanaries } from './checks/check-canaries.ts'
import type { Finding } from './judge.ts'
import { killTour, nameOf, tourLeases, visit } from './kill-tour.ts'
import { bothBackends, type Scenario } from './scenario.ts'
import { usualStack } from './start-load.ts'

/** The short form on the command line: the whole kill tour on one stack, told as one scenario. */
export function shortScenarios(): Scenario[] {
  return [
    {
      id: 'short',
      title: `${killTour.length} kill points one after the other`,
      backends: bothBackends,
      run: async (context) => {
        const stack = await usualStack(context, { workerEnv: tourLeases, flakiness: 1, few: true })
        const failures: string[] = []
        const findings: Finding[] = []
        for (const stop of killTour) {
          const finding = await visit(stack, stop)
          findings.push(finding)
          const verdict = finding.failures.length === 0 ? 'passed' : 'FAILED'
          context.log(
            `${stop.fault} ${nameOf(stop)}: ${verdict}, drained in ${finding.recoverySeconds.toFixed(1)} s`,
          )
          failures.push(...finding.failures.map((failure) => `${nameOf(stop)}: ${failure}`))
        }
        failures.push(...(await checkCanaries(stack)))
        const last = findings.at(-1)
        if (!last) throw new Error('the tour has no stop')
        return { ...last, failures, recoverySeconds: Math.max(...findings.map((one) => one.recoverySeconds)) }
      },
    },
  ]
}
