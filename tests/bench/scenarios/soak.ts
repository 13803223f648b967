/** Soak: whether api, worker and Redis hold more the longer they run, under a load that is always the same. */
import type { Backend } from '../support/backends-of.ts'
import type { Bench } from '../support/bench.ts'
import { checkHealthy } from '../support/check-healthy.ts'
import { fitLine, type Point } from '../support/fit-line.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenLoad, OpenResult, Stream } from '../support/open-loop.ts'
import { plansSettled } from '../support/plans-settled.ts'
import { printTable } from '../support/print-table.ts'
import type { TableColumn, TableRow } from '../support/print-table.ts'
import { reportBackends } from '../support/report-backends.ts'
import { sampleMemory, type MemorySeries } from '../support/sample-memory.ts'
import { benchIntegration } from '../support/seed-stack.ts'
import { startYards } from '../support/start-yards.ts'
import { spread } from '../support/statistics.ts'

const usualMinutes = 20
const subscribers = 50
/** Retries, breakers and lanes are at work all the time: what hangs goes on hanging. */
const hanging = 1
const timeoutMs = 2_000
const arrivalTimeoutMs = 30_000
/** What is posted is planned a minute at a time. */
const sliceSeconds = 60
/** V8 and the pools have what they need after this part of the time: growth is told of the rest. */
const warmUp = 1 / 4

const rows: readonly TableRow[] = [
  { figure: 'rss.first', label: 'resident, first minute after the warm-up, MB', decimals: 0 },
  { figure: 'rss.last', label: '  last minute', decimals: 0 },
  { figure: 'rss.most', label: '  most', decimals: 0 },
  { figure: 'rss.slope', label: '  slope, MB per hour', decimals: 1 },
  { figure: 'rss.error', label: '    its standard error', decimals: 1 },
  { figure: 'fds.most', label: 'descriptors, most', decimals: 0 },
  { figure: 'fds.slope', label: '  slope per hour', decimals: 1 },
]

export const soak = (bench: Bench): Promise<string[]> =>
  reportBackends(bench, 'soak', async (backend) => {
    const { found, columns, accepted } = await measureBackend(bench, backend)
    const text = `${title(bench, backend, accepted)}\n\n${printTable(rows, columns)}`
    return { problems: found, results: columns, text }
  })

async function measureBackend(bench: Bench, backend: Backend) {
  const { minutes = usualMinutes, perSecond } = bench.options
  const yards = await startYards(bench, backend, { count: subscribers, timeoutMs })
  const { stack, receiver, loader, facilities } = yards
  await receiver.ask(
    'hang',
    Array.from({ length: hanging }, (_, i) => i),
  )
  const found: string[] = []
  const accepted: string[] = []
  const streams: Stream[] = [{ integration: benchIntegration, facilities, perSecond }]
  const { api, worker, redis } = stack.pids
  const stopSampling = sampleMemory({ api, worker, ...(redis === undefined ? {} : { Redis: redis }) })
  let from = 0
  for (let minute = 0; minute < minutes; minute += 1) {
    const { origin, headers } = stack
    const load: OpenLoad = { origin, headers, streams, seconds: sliceSeconds, from }
    const result = await loader.ask<OpenResult>('run', load)
    for (const [why, times] of result.refused) found.push(`${stack.name}: ${times} posts: ${why}`)
    accepted.push(...result.accepted)
    from += result.dueAt.length
  }
  const series = stopSampling()
  const healthy = (accepted.length * (subscribers - hanging)) / subscribers
  if (!(await receiver.ask<boolean>('wait-for', { count: healthy, timeoutMs: arrivalTimeoutMs })))
    found.push(`${stack.name}: not everything healthy arrived within ${arrivalTimeoutMs} ms`)
  if (!(await plansSettled(stack, arrivalTimeoutMs)))
    found.push(`${stack.name}: some outcomes were not recorded`)
  found.push(...(await checkHealthy(stack, accepted, { receiver, subscribers, hung: hanging })))
  await stack.stopApps()
  return { found, columns: columnsOf(series), accepted: accepted.length }
}

const columnsOf = (series: Record<string, MemorySeries>): TableColumn[] =>
  Object.entries(series).map(([name, one]) => ({ name, repeats: [figuresOf(one)] }))

function figuresOf({ rss, fds }: MemorySeries): Figures {
  const end = rss.at(-1)?.at ?? 0
  const begun = (points: readonly Point[]) => points.filter(({ at }) => at >= end * warmUp)
  const warm = begun(rss)
  const start = warm[0]?.at ?? 0
  const over = (fromAt: number, toAt: number) =>
    spread(warm.filter(({ at }) => at >= fromAt && at <= toAt).map(({ value }) => value)).median
  const line = fitLine(warm)
  return {
    'rss.first': over(start, start + 60),
    'rss.last': over(end - 60, end),
    'rss.most': spread(rss.map(({ value }) => value)).max,
    'rss.slope': line.slope * 3_600,
    'rss.error': line.error * 3_600,
    'fds.most': spread(fds.map(({ value }) => value)).max,
    'fds.slope': fitLine(begun(fds)).slope * 3_600,
  }
}

const title = (
  { options: { minutes = usualMinutes, perSecond } }: Bench,
  backend: string,
  accepted: number,
): string =>
  [
    `Soak: ${perSecond} triggers/s for ${minutes} minutes to ${subscribers} subscriptions on ${backend}, ${accepted} accepted`,
    `${hanging} of them hangs to its deadline of ${timeoutMs} ms; slopes are those after the first quarter of the time`,
  ].join('\n')
