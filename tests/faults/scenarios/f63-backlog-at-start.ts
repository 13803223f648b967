import { readFile } from 'node:fs/promises'
import type { Sql } from '@waybill/db'
import { judge, mustHold } from '../support/judge.ts'
import { bothBackends, type Scenario } from '../support/scenario.ts'
import { usualStack } from '../support/start-load.ts'
import { watchJobs } from '../support/watch-jobs.ts'

/** A worker that delivers fewer in a second leaves the run without a verdict. */
const leastPerSecond = 300
/** What the queue may hold, however much waits in the database. */
const mostJobs = 50_000

async function rssMb(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1] ?? 0) / 1_024
}

/** The backlog is copied in SQL from one real delivery and due at once; fresh traffic goes to the other subscriptions. */
export const scenario: Scenario = {
  id: 'F63',
  title: 'a backlog when everything starts',
  backends: bothBackends,
  magnitude: {
    unit: 'deliveries',
    usual: 100_000,
    listed: 1_000_000,
    asked: ({ backlog }) => backlog,
  },
  run: async (context) => {
    const { magnitude: backlog, full } = context
    const startsWithin = full ? 10 : 15
    const stack = await usualStack(context)
    await stack.client.post(5)
    await judge(stack)
    await stack.fleet.stopAll()
    const { sql } = stack.database
    const [subscription] = stack.subscriptions
    if (!subscription) throw new Error('there is no subscription')
    await seedBacklog(sql, subscription.id, backlog)
    await sql`
      INSERT INTO lanes (subscription, next_due_at) VALUES (${subscription.id}, now())
      ON CONFLICT (subscription) DO UPDATE SET next_due_at = now()`
    const jobs = await watchJobs(context, stack.queue)
    const startedAt = performance.now()
    await Promise.all([stack.startApi(), stack.startWorker()])
    const startSeconds = (performance.now() - startedAt) / 1_000
    const [worker] = stack.workers()
    let peak = 0
    const timer = setInterval(
      () => void rssMb(worker?.pid ?? 0).then((mb) => (peak = Math.max(peak, mb))),
      500,
    )
    // Fresh traffic beside it.
    const from = Date.now()
    await stack.client.post(50, { rate: 10 })
    const fresh = (await stack.receiver.lines()).filter(
      ({ at, path }) => at >= from && path !== subscription.path,
    )
    const finding = await judge(stack, { timeoutMs: (backlog / leastPerSecond) * 1_000, skip: ['C11'] })
    clearInterval(timer)
    await jobs.stop()
    finding.notes.push(
      `a backlog of ${backlog}; started in ${startSeconds.toFixed(1)} s, at most ${Math.round(peak)} MiB, ${fresh.length} fresh arrivals meanwhile`,
      `at most ${jobs.most()} jobs at ${jobs.looks()} looks`,
    )
    mustHold(
      finding,
      startSeconds <= startsWithin,
      `F63 took ${startSeconds} s to start, not ${startsWithin}`,
    )
    mustHold(finding, fresh.length >= 100, `F63 only ${fresh.length} fresh requests beside the backlog`)
    mustHold(finding, jobs.looks() > 0, 'F63 nobody saw how many jobs there were')
    mustHold(finding, jobs.most() <= mostJobs, `F63 the queue held ${jobs.most()} jobs, not ${mostJobs}`)
    mustHold(finding, peak < 600, `I9 the worker took ${Math.round(peak)} MiB`)
    return finding
  },
}

/** Due at once; in steps, each of which is over long before a statement may be ended. */
async function seedBacklog(sql: Sql, subscription: number, backlog: number): Promise<void> {
  const step = 100_000
  for (let from = 1; from <= backlog; from += step)
    await sql`
      WITH made AS (
        INSERT INTO deliveries SELECT (d.id + 1000000 + n) AS id, trigger, integration, subscription, revision, profile,
          1 AS status, event_id, order_status, generation, 0 AS attempts, NULL AS last_code, NULL AS err, created_at, NULL
        FROM (SELECT * FROM deliveries WHERE subscription = ${subscription} ORDER BY id LIMIT 1) d,
          generate_series(${from}::int, ${Math.min(backlog, from + step - 1)}::int) n
        RETURNING id, subscription, generation)
      INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation)
      SELECT id, subscription, now(), now() + interval '1 day', 0, generation FROM made`
}
