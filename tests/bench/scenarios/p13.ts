/** P13: plans far larger than a batch holds, beside a trickle of single triggers of another integration. */
import { asIntegrationId } from '@waybill/domain'
import type { Backend } from '../support/backends-of.ts'
import type { Bench } from '../support/bench.ts'
import { startBenchProcess } from '../support/bench-process.ts'
import type { BenchProcess } from '../support/bench-process.ts'
import { checkHealthy } from '../support/check-healthy.ts'
import { forgetPeakMemory, peakMemory } from '../support/cpu.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenLoad, OpenResult, Stream } from '../support/open-loop.ts'
import { printTable } from '../support/print-table.ts'
import type { TableColumn } from '../support/print-table.ts'
import { reportBackends } from '../support/report-backends.ts'
import { benchIntegration } from '../support/seed-stack.ts'
import { seedSubscribers } from '../support/seed-subscribers.ts'
import { startSeededStack } from '../support/start-stack.ts'
import type { Stack } from '../support/start-stack.ts'
import type { Arrivals } from '../support/subscribers.ts'
import { watchOthers } from '../support/watch-others.ts'
import { p13Figures } from './p13-figures.ts'
import { p13Rows } from './p13-rows.ts'

const all = 10_000
const hundred = 100
const origins = 100
const timeoutMs = 15_000
const arrivalTimeoutMs = 60_000
const otherIntegration = asIntegrationId(13)

/** Its one subscription comes after all others. */
const trickle: Stream = { integration: otherIntegration, facilities: ['trickle'], perSecond: 25 }
const at = (facility: string, most: number, perSecond: number): Stream => ({
  integration: benchIntegration,
  facilities: [facility],
  perSecond,
  most,
})

/** What is measured in each repeat, in this order; the first is what the others are compared with. */
const loads = [
  { name: 'P3: 200 × 100', streams: [at('hundred', 200, 200)], deliveries: 200 * hundred, seconds: 3 },
  { name: '1 × 10,000', streams: [at('all', 1, 1)], deliveries: all, seconds: 5 },
  { name: '256 at once × 100', streams: [at('hundred', 256, 1e6)], deliveries: 256 * hundred, seconds: 8 },
  { name: 'trickle alone', streams: [], deliveries: 0, seconds: 4 },
] as const

export const p13 = (bench: Bench): Promise<string[]> =>
  reportBackends(bench, 'p13', async (backend) => {
    const { found, columns } = await measureBackend(bench, backend)
    const text = `${title(bench, backend)}\n\n${printTable(p13Rows, columns)}`
    return { problems: found, results: columns, text }
  })

async function measureBackend(bench: Bench, backend: Backend) {
  const receiver = startBenchProcess(bench, 'support/subscribers.ts')
  const loader = startBenchProcess(bench, 'support/open-loop.ts')
  const urls = await receiver.ask<string[]>('listen', origins)
  const seeds = Array.from({ length: all + 1 }, (_, i) => ({
    integration: i < all ? benchIntegration : otherIntegration,
    url: `${urls[i % origins] ?? ''}/${i}`,
    facilities: i < hundred ? ['hundred', 'all'] : [i < all ? 'all' : 'trickle'],
    timeoutMs,
  }))
  const stack = await startSeededStack(bench, backend, '/', (url, key) => seedSubscribers(url, key, seeds))
  const run = createRuns(stack, loader, receiver)
  const columns: (TableColumn & { repeats: Figures[] })[] = loads.map(({ name }) => ({ name, repeats: [] }))
  for (const load of loads) await run(load)
  for (let repeat = 0; repeat < bench.options.repeats; repeat += 1) {
    let base = Number.NaN
    for (const [i, load] of loads.entries()) {
      const figures = await run(load)
      const rate = figures['perSecond'] ?? Number.NaN
      if (i === 0) base = rate
      else if (load.deliveries > 0) figures['ratio'] = base / rate
      columns[i]?.repeats.push(figures)
    }
  }
  const whom = { receiver, subscribers: seeds.length, hung: 0 }
  const found = [...run.problems, ...(await checkHealthy(stack, run.accepted, whom))]
  await stack.stopApps()
  return { found, columns }
}

type Run = { name: string; streams: readonly Stream[]; deliveries: number; seconds: number }

/** Runs loads one after the other, each until all it makes has arrived and is recorded. */
function createRuns(stack: Stack, loader: BenchProcess, receiver: BenchProcess) {
  const problems: string[] = []
  const accepted: string[] = []
  let from = 0
  let count = 0
  const run = async ({ name, streams, deliveries, seconds }: Run): Promise<Figures> => {
    const load: OpenLoad = {
      origin: stack.origin,
      headers: stack.headers,
      streams: [trickle, ...streams],
      seconds,
      from,
    }
    const aside = watchOthers([loader.pid, receiver.pid])
    forgetPeakMemory(stack.pids.worker)
    const stopWatching = await stack.watch()
    const result = await loader.ask<OpenResult>('run', load)
    count += deliveries + trickle.perSecond * seconds
    if (!(await receiver.ask<boolean>('wait-for', { count, timeoutMs: arrivalTimeoutMs })))
      problems.push(`${stack.name}, ${name}: not everything arrived within ${arrivalTimeoutMs} ms`)
    if (!(await stack.settled(arrivalTimeoutMs)))
      problems.push(`${stack.name}, ${name}: not everything was recorded within ${arrivalTimeoutMs} ms`)
    const watched = await stopWatching()
    const others = aside(watched)
    for (const [why, times] of result.refused) problems.push(`${stack.name}: ${times} posts: ${why}`)
    accepted.push(...result.accepted)
    const figures = p13Figures(result, await receiver.ask<Arrivals>('arrivals'), watched, from)
    from += result.dueAt.length
    return { ...figures, 'others.cores': others, 'worker.rss': peakMemory(stack.pids.worker) / 1e6 }
  }
  return Object.assign(run, { problems, accepted })
}

const title = ({ options }: Bench, backend: string): string =>
  [
    `P13: ${all} subscriptions on ${origins} origins, on ${backend}; ${options.repeats} repeats, median (min–max)`,
    `beside them ${trickle.perSecond} triggers/s of another integration, the trickle`,
  ].join('\n')
