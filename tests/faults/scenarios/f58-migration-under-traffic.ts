import postgres from 'postgres'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** What an expand migration does: a column, an index built concurrently, a backfill in pieces; a lock it cannot get. */
export const scenario: Scenario = {
  id: 'F58',
  title: 'a migration under traffic',
  backends: bothBackends,
  run: async (context) => {
    const databaseUrl = await context.database()
    const stack = await usualStack(context, { databaseUrl })
    const load = startLoad(stack)
    await lasts(2_000)
    const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
    context.cleanUp(() => sql.end({ timeout: 1 }))
    await sql`SET lock_timeout = '500ms'`
    for (const statement of [
      'ALTER TABLE lanes ADD COLUMN fault_note text',
      'CREATE INDEX CONCURRENTLY fault_lanes ON lanes (fault_note)',
      'UPDATE lanes SET fault_note = NULL',
      'ALTER TABLE triggers ADD COLUMN fault_note text',
      'ALTER TABLE deliveries ADD COLUMN fault_note text',
    ]) {
      for (let tries = 0; tries < 20; tries += 1) {
        const done = await sql.unsafe(statement).then(
          () => true,
          () => false,
        )
        if (done) break
        await lasts(200)
      }
      await lasts(500)
    }
    await lasts(1_000)
    await load.stop()
    const finding = await judge(stack, { calls: { unavailable: true } })
    const bad = stack.client.calls.filter(({ status }) => status >= 500).map(({ at }) => at)
    const burst = bad.length === 0 ? 0 : Math.max(...bad) - Math.min(...bad)
    finding.notes.push(`${bad.length} calls refused, over ${burst} ms`)
    mustHold(finding, burst <= 1_000, `F58 5xx over ${burst} ms`)
    return finding
  },
}
