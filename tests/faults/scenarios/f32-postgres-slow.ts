import { checkCalls } from '../support/checks/check-calls.ts'
import { judge, mustHold } from '../support/judge.ts'
import { linkedStack, setLinks } from '../support/linked-stack.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad } from '../support/start-load.ts'

const tables = ['due', 'deliveries', 'triggers']

export const scenario: Scenario = {
  id: 'F32',
  title: 'Postgres 200 ms away, and then tables locked one after the other',
  backends: bothBackends,
  magnitude: { unit: 's', usual: 3, listed: 20 },
  run: async (context) => {
    const { stack, links } = await linkedStack(context)
    const load = startLoad(stack, { rate: 40 })
    await lasts(1_500)
    setLinks([links.apiPostgres, links.workerPostgres], { latencyMs: 100 })
    await lasts(6_000)
    setLinks([links.apiPostgres, links.workerPostgres], {})
    const refused: Record<string, number> = {}
    for (const table of tables) {
      const from = stack.client.calls.length
      await stack.database.sql.begin(async (tx) => {
        await tx.unsafe(`SET LOCAL lock_timeout = 0`)
        await tx.unsafe(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`)
        await tx`SELECT pg_sleep(${context.magnitude})`
      })
      await lasts(500)
      refused[table] = stack.client.calls.slice(from).filter(({ status }) => status === 503).length
    }
    await load.stop()
    const finding = await judge(stack, {
      calls: { unavailable: true },
      lateMs: tables.length * context.magnitude * 1_000 + 1_000,
    })
    finding.failures.push(...checkCalls(stack.client.calls.slice(-20)))
    finding.notes.push(`calls refused while these were locked: ${JSON.stringify(refused)}`)
    // What is accepted is written there, and nowhere else that is locked.
    mustHold(finding, (refused['triggers'] ?? 0) > 0, 'F32 no call was refused while triggers was locked')
    return finding
  },
}
