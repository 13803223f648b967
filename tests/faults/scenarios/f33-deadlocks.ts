import type { Sql } from '@waybill/db'
import { judge } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { startLoad, usualStack } from '../support/start-load.ts'

/** Somebody takes rows in the order opposite to ours and holds them for a moment. */
export const scenario: Scenario = {
  id: 'F33',
  title: 'deadlocks with a session that locks in reversed order',
  backends: bothBackends,
  run: async (context) => {
    const stack = await usualStack(context)
    const { sql } = stack.database
    const load = startLoad(stack)
    let rolledBack = 0
    const before = await deadlocks(sql)
    for (const endsAt = performance.now() + 8_000; performance.now() < endsAt;) {
      await sql
        .begin(async (tx) => {
          await tx`SELECT FROM lanes ORDER BY subscription DESC FOR UPDATE`
          await tx`SELECT pg_sleep(0.05)`
          await tx`SELECT FROM due ORDER BY delivery DESC LIMIT 100 FOR UPDATE`
          await tx`SELECT FROM deliveries ORDER BY id DESC LIMIT 100 FOR UPDATE`
        })
        .catch(() => (rolledBack += 1))
    }
    await load.stop()
    const finding = await judge(stack)
    const met = (await deadlocks(sql)) - before
    finding.notes.push(`${met} deadlocks; ${rolledBack} of the other session's transactions were rolled back`)
    return finding
  },
}

async function deadlocks(sql: Sql): Promise<number> {
  const [row] = await sql<{ deadlocks: number }[]>`
    SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`
  return row?.deadlocks ?? 0
}
