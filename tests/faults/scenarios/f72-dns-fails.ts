import { needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'

export const scenario: Scenario = {
  id: 'F72',
  title: 'DNS: NXDOMAIN, SERVFAIL, no answer, an answer that turns to 127.0.0.1',
  backends: bothBackends,
  run: async () =>
    needsOf(
      'a name server of the scenario in /etc/resolv.conf, that is, a mount namespace around the worker',
    ),
}
