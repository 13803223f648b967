import { needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'

export const scenario: Scenario = {
  id: 'F73',
  title: 'DNS hangs for one domain',
  backends: bothBackends,
  run: async () =>
    needsOf(
      'a name server of the scenario in /etc/resolv.conf, that is, a mount namespace around the worker',
    ),
}
