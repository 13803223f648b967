import { needsOf } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'

export const scenario: Scenario = {
  id: 'F37',
  title: 'failover to a standby, with and without synchronous replication',
  backends: bothBackends,
  run: async () =>
    needsOf(
      'pg_basebackup of the same major version as the server (the embedded build has initdb, pg_ctl and postgres only)',
    ),
}
