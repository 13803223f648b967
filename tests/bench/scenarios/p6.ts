/** P6: what the vendors' lists take with a long history behind them. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { startEmbeddedPostgres } from '@waybill/embedded'
import { migrateQueue } from '@waybill/queue'
import type { Bench } from '../support/bench.ts'
import { seedHistory } from '../support/seed-history.ts'
import { startApps } from '../support/start-apps.ts'
import { percentiles } from '../support/statistics.ts'
import { writeResults } from '../support/write-results.ts'
import { p6Calls, type P6Call } from './p6-calls.ts'

const mostCalls = 1_000
const warmUpCalls = 20

export async function p6(bench: Bench): Promise<string[]> {
  const { options, folder, resources } = bench
  const postgres = await startEmbeddedPostgres({
    dataDir: join(folder, 'history'),
    logger: () => {},
    settings: { shared_buffers: '1GB', max_wal_size: '8GB', checkpoint_timeout: '1h' },
  })
  resources.add('PostgreSQL', () => postgres.stop('immediate'))
  await migrateDatabase(postgres.url)
  await migrateQueue({ backend: 'postgres', databaseUrl: postgres.url })
  const masterKey = randomBytes(32)
  const history = await seedHistory(postgres.url, masterKey, options.history)
  const apps = await startApps(bench, 'postgres', {
    databaseUrl: postgres.url,
    redisUrl: undefined,
    masterKey,
    // The calls come one after the other as fast as they are answered.
    apiEnv: { PLANNING_CENTER_RATE_LIMIT: '100000' },
  })

  const calls = Math.min(options.count, mostCalls)
  const problems: string[] = []
  const rows: Record<string, string | number>[] = []
  for (const call of p6Calls(history, options.history)) {
    const measured = await measure(apps.origin, call, calls)
    if (measured.problem !== undefined) problems.push(`${call.name}: ${measured.problem}`)
    rows.push({ call: call.name, rows: measured.rows, p50: measured.p50, p99: measured.p99 })
  }
  console.log(
    `\nP6: ${options.history} deliveries of each dialect over 14 days; ${calls} calls of each kind, in ms\n`,
  )
  console.table(rows)
  console.log(await writeResults(bench, 'p6', { rows, problems }))
  for (const problem of problems) console.error(`bench: ${problem}`)
  return problems
}

type Measured = { rows: number; p50: number; p99: number; problem?: string }

/** One at a time, each with parameters of its own, so that no answer is the one before. */
async function measure(origin: string, call: P6Call, calls: number): Promise<Measured> {
  const times = new Float64Array(calls)
  let rows = Number.NaN
  for (let i = -warmUpCalls; i < calls; i += 1) {
    const { path, ...request } = call.make(Math.max(0, i))
    const startedAt = performance.now()
    const answer = await fetch(origin + path, request)
    const text = await answer.text()
    const ms = performance.now() - startedAt
    if (answer.status !== call.status)
      return { rows, p50: Number.NaN, p99: Number.NaN, problem: `${answer.status} ${text.slice(0, 300)}` }
    if (i < 0) rows = call.rowsOf(JSON.parse(text))
    else times[i] = ms
  }
  const [p50 = Number.NaN, p99 = Number.NaN] = percentiles(times, [50, 99]).map(
    (ms) => Math.round(ms * 100) / 100,
  )
  const problem = rows >= call.leastRows ? undefined : `only ${rows} rows`
  return { rows, p50, p99, ...(problem === undefined ? {} : { problem }) }
}
