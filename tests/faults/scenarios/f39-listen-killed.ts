import { eventually } from '@waybill/testing'
import { faultLeases } from '../support/fault-fleet.ts'
import { judge, mustHold } from '../support/judge.ts'
import type { PrivatePostgres } from '../support/private-postgres.ts'
import type { Scenario } from '../support/scenario.ts'
import { slowestDelivery } from '../support/slowest-delivery.ts'
import { lasts, startLoad, usualStack } from '../support/start-load.ts'

/** A sweep and a second, and what a busy host may add. */
const deliveredWithinMs = Number(faultLeases.SWEEP_MS) + 1_000 + 5_000

/** Sessions whose last statement was a LISTEN. */
const listeners = (postgres: PrivatePostgres): Promise<number[]> =>
  postgres.asAdmin(async (sql) => {
    const rows = await sql<{ pid: number }[]>`
      SELECT pid FROM pg_stat_activity WHERE query LIKE '%LISTEN bullmq_jobs%' AND pid <> pg_backend_pid()`
    return rows.map(({ pid }) => pid)
  })

export const scenario: Scenario = {
  id: 'F39',
  title: 'the connection that LISTENs is terminated, again and again',
  backends: ['postgres'],
  run: async (context) => {
    const postgres = await context.privatePostgres()
    const stack = await usualStack(context, { databaseUrl: postgres.url, queue: context.queue(postgres.url) })
    const all = await eventually(async () => (await listeners(postgres)).length)
    const load = startLoad(stack, { rate: 20 })
    const killed = new Set<number>()
    const backAfterMs: number[] = []
    for (let i = 0; i < 5; i += 1) {
      await lasts(1_500)
      for (const pid of await listeners(postgres)) {
        killed.add(pid)
        await postgres.asAdmin((sql) => sql`SELECT pg_terminate_backend(${pid}::int)`)
      }
      const startedAt = performance.now()
      await eventually(async () => {
        const fresh = (await listeners(postgres)).filter((pid) => !killed.has(pid))
        return fresh.length >= all
      })
      backAfterMs.push(Math.round(performance.now() - startedAt))
    }
    await lasts(2_000)
    await load.stop()
    const finding = await judge(stack)
    const slowestMs = Math.round(await slowestDelivery(stack))
    finding.notes.push(
      `${killed.size} listening connections terminated, ${all} at a time, back after ${backAfterMs.join(', ')} ms; ` +
        `the slowest delivery took ${slowestMs} ms`,
    )
    mustHold(finding, killed.size >= 5, `F39 only ${killed.size} connections were terminated`)
    mustHold(
      finding,
      slowestMs <= deliveredWithinMs,
      `F39 a delivery took ${slowestMs} ms, not ${deliveredWithinMs}`,
    )
    return finding
  },
}
