/** P14: what one integration's flood does to another's 50 triggers a second. */
import { backendsOf } from '../support/backends-of.ts'
import type { Bench } from '../support/bench.ts'
import { startBenchProcess, type BenchProcess } from '../support/bench-process.ts'
import { checkStack } from '../support/check-ledger.ts'
import type { Load, LoadResult } from '../support/loader.ts'
import { benchIntegration, floodIntegration } from '../support/seed-stack.ts'
import { sharedNow } from '../support/serve-commands.ts'
import { startStack, type Stack } from '../support/start-stack.ts'
import { percentiles } from '../support/statistics.ts'
import { writeResults } from '../support/write-results.ts'

/** A second's triggers of the integration that does not flood. */
const rate = 50
const baselineSeconds = 12
const arrivalTimeoutMs = 120_000
const settleTimeoutMs = 60_000

const shapes = [
  { name: 'batch calls of 500', connections: 2, perCall: 500 },
  { name: 'single posts', connections: 64, perCall: 1 },
] as const

type Row = Record<string, string | number>

/** Where posts come from and where deliveries go: each integration has processes of its own. */
type Ends = { loader: BenchProcess; receiver: BenchProcess; url: string; posted: number; accepted: string[] }

export async function p14(bench: Bench): Promise<string[]> {
  const rows: Row[] = []
  const problems: string[] = []
  for (const backend of backendsOf(bench)) {
    const [steady, flood] = [await startEnds(bench), await startEnds(bench)]
    const stack = await startStack(bench, backend, steady.url, flood.url)
    problems.push(...(await measureStack(bench, { stack, steady, flood }, rows)))
    await stack.stopApps()
  }
  console.log(
    `\nP14: ${rate}/s of one integration beside ${bench.options.flood} of another, each flood; post → arrival, in ms\n`,
  )
  console.table(rows)
  console.log(await writeResults(bench, 'p14', { rows, problems }))
  for (const problem of problems) console.error(`bench: LOST, DUPLICATED OR REFUSED: ${problem}`)
  if (problems.length === 0) console.log('Nothing was lost or duplicated.')
  return problems
}

async function startEnds(bench: Bench): Promise<Ends> {
  const receiver = startBenchProcess(bench, 'support/receiver.ts')
  const loader = startBenchProcess(bench, 'support/loader.ts')
  const { url } = await receiver.ask<{ url: string }>('listen')
  return { loader, receiver, url, posted: 0, accepted: [] }
}

type Field = { stack: Stack; steady: Ends; flood: Ends }

async function measureStack(bench: Bench, field: Field, rows: Row[]): Promise<string[]> {
  const { stack, steady, flood } = field
  const { warmUp, flood: count, body } = bench.options
  const problems: string[] = []
  const base = { origin: stack.origin, body, obeys: true }
  const steadyLoad = { ...base, headers: stack.headers, integration: benchIntegration }
  const floodHeaders = { authorization: `Bearer ${stack.seeded.floodToken}` }
  const floodLoad = { ...base, headers: floodHeaders, integration: floodIntegration, count }
  const row = (load: string, { p50, p99, answered }: Latency, more: Row) =>
    rows.push({
      queue: stack.name,
      load,
      'others p50': p50,
      'others p99': p99,
      'answered p99': answered,
      ...more,
    })

  await post(stack, steady, { ...steadyLoad, count: warmUp, connections: 32 }, problems)
  for (const shape of shapes) await post(stack, flood, { ...floodLoad, ...shape, count: warmUp }, problems)
  const watch = async (until: Promise<unknown>): Promise<Latency> => {
    // So many connections that the schedule is kept however long answers take.
    const posting = post(stack, steady, { ...steadyLoad, count: 60_000, connections: 200, rate }, problems)
    await until
    await steady.loader.ask('stop')
    return latency(stack, steady, await posting)
  }
  const alone = await watch(new Promise((resolve) => setTimeout(resolve, baselineSeconds * 1_000)))
  row('alone', alone, {})
  for (const shape of shapes) {
    const begunAt = sharedNow()
    const flooding = post(stack, flood, { ...floodLoad, ...shape }, problems)
    const beside = await watch(flooding)
    const { load, endedAt } = await flooding
    const seconds = (endedAt - begunAt) / 1_000
    row(`beside ${shape.name}`, beside, {
      ratio: round(beside.p99 / alone.p99),
      'flood/s': Math.round(count / seconds),
      waits: load.waits,
    })
  }
  if (!(await stack.settled(settleTimeoutMs)))
    problems.push(`${stack.name}: not everything was recorded in time`)
  return [...problems, ...(await checkBoth(field))]
}

type Posted = { from: number; load: LoadResult; endedAt: number }

/** Resolves when everything posted has arrived. */
async function post(
  stack: Stack,
  ends: Ends,
  order: Omit<Load, 'from'>,
  problems: string[],
): Promise<Posted> {
  const from = ends.posted
  const load = await ends.loader.ask<LoadResult>('run', { ...order, from })
  ends.posted += load.sentAt.length
  for (const id of load.accepted) ends.accepted.push(id)
  for (const [why, times] of load.refused) problems.push(`${stack.name}: ${times} posts were answered ${why}`)
  const arrival = { path: stack.path, count: ends.accepted.length, timeoutMs: arrivalTimeoutMs }
  if (!(await ends.receiver.ask<boolean>('wait-for', arrival)))
    problems.push(`${stack.name}: not everything arrived within ${arrivalTimeoutMs} ms`)
  return { from, load, endedAt: sharedNow() }
}

type Latency = { p50: number; p99: number; answered: number }

async function latency(stack: Stack, ends: Ends, { from, load }: Posted): Promise<Latency> {
  const range = { path: stack.path, from, count: load.sentAt.length }
  const arrivedAt = await ends.receiver.ask<Float64Array>('arrivals', range)
  const waited = arrivedAt.map((at, i) => at - (load.sentAt[i] ?? Number.NaN))
  const [p50 = Number.NaN, p99 = Number.NaN] = percentiles(waited, [50, 99])
  const [answered = Number.NaN] = percentiles(load.answeredMs, [99])
  return { p50: round(p50), p99: round(p99), answered: round(answered) }
}

async function checkBoth({ stack, steady, flood }: Field): Promise<string[]> {
  const received = await Promise.all(
    [steady, flood].map(({ receiver }) => receiver.ask<string[]>('ids', stack.path)),
  )
  return checkStack(stack, [...steady.accepted, ...flood.accepted], received.flat())
}

const round = (ms: number): number => Math.round(ms * 10) / 10
