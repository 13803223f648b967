/** Overload: three times as many calls as the api can take, on a schedule that does not wait for answers. */
import type { Backend } from '../support/backends-of.ts'
import type { Bench } from '../support/bench.ts'
import { checkHealthy } from '../support/check-healthy.ts'
import { peakMemory } from '../support/cpu.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenLoad, OpenResult } from '../support/open-loop.ts'
import { printTable } from '../support/print-table.ts'
import type { TableRow } from '../support/print-table.ts'
import { reportBackends } from '../support/report-backends.ts'
import { benchIntegration } from '../support/seed-stack.ts'
import { sharedNow } from '../support/serve-commands.ts'
import { startYards } from '../support/start-yards.ts'
import { percentiles } from '../support/statistics.ts'

const subscribers = 50
const times = 3
const usualMinutes = 1
/** Kept busy, these tell what the api can take. */
const connections = 64
/** With these the client's side holds back nothing. */
const manyConnections = 4_000
const timeoutMs = 15_000
const drainTimeoutMs = 600_000

const rows: readonly TableRow[] = [
  { figure: 'most', label: 'accepted per s with 64 connections', decimals: 0 },
  { figure: 'offered', label: 'offered per s', decimals: 0 },
  { figure: 'goodput', label: '  accepted per s', decimals: 0 },
  { figure: 'ratio', label: '    as a part of the first', decimals: 2 },
  { figure: 'accepted.p50', label: '  sent → 202, p50 ms', decimals: 0 },
  { figure: 'accepted.p99', label: '    p99', decimals: 0 },
  { figure: 'refused.p50', label: '  sent → refused, p50 ms', decimals: 0 },
  { figure: 'refused.p99', label: '    p99', decimals: 0 },
  { figure: 'drained', label: 'last answer → all delivered and recorded, s', decimals: 1 },
  { figure: 'api.rss', label: "api's largest resident set, MB", decimals: 0 },
  { figure: 'worker.rss', label: "worker's", decimals: 0 },
]

export const overload = (bench: Bench): Promise<string[]> =>
  reportBackends(bench, 'overload', async (backend) => {
    const { found, figures, refused } = await measureBackend(bench, backend)
    const table = printTable(rows, [{ name: 'overload', repeats: [figures] }])
    const text = `${title(bench, backend)}\n\n${table}\nrefused: ${refused}`
    return { problems: found, results: { figures, refused }, text }
  })

async function measureBackend(bench: Bench, backend: Backend) {
  const { minutes = usualMinutes, count, warmUp } = bench.options
  const yards = await startYards(bench, backend, { count: subscribers, timeoutMs })
  const { stack, receiver, loader, facilities } = yards
  const found: string[] = []
  const accepted: string[] = []
  let from = 0
  const drain = async () => {
    if (!(await receiver.ask<boolean>('wait-for', { count: accepted.length, timeoutMs: drainTimeoutMs })))
      found.push(`${stack.name}: not everything arrived within ${drainTimeoutMs} ms`)
    if (!(await stack.settled(drainTimeoutMs))) found.push(`${stack.name}: some outcomes were not recorded`)
  }
  const run = async (perSecond: number, seconds: number, atOnce: number) => {
    const stream = { integration: benchIntegration, facilities, perSecond }
    const { origin, headers } = stack
    const load: OpenLoad = { origin, headers, streams: [stream], seconds, from, connections: atOnce }
    const result = await loader.ask<OpenResult>('run', load)
    from += result.dueAt.length
    for (const id of result.accepted) accepted.push(id)
    return result
  }
  // All are due at once, and so many connections work them off.
  const atOnce = (n: number) => run(n * 1e3, 1e-3, connections)
  await atOnce(warmUp)
  await drain()
  const begunAt = sharedNow()
  const { accepted: taken } = await atOnce(count)
  const most = (taken.length / (sharedNow() - begunAt)) * 1_000
  await drain()
  const result = await run(Math.ceil(most * times), minutes * 60, manyConnections)
  const endedAt = sharedNow()
  await drain()
  const figures: Figures = {
    most,
    ...overloadFigures(result),
    drained: (sharedNow() - endedAt) / 1_000,
    'api.rss': peakMemory(stack.pids.api) / 1e6,
    'worker.rss': peakMemory(stack.pids.worker) / 1e6,
  }
  figures['ratio'] = (figures['goodput'] ?? Number.NaN) / most
  found.push(...(await checkHealthy(stack, accepted, { receiver, subscribers, hung: 0 })))
  await stack.stopApps()
  const refused = [...result.refused].map(([why, n]) => `${n} × ${why}`).join(', ') || 'none'
  return { found, figures, refused }
}

function overloadFigures({ dueAt, sentAt, answeredAt, isRefused, accepted }: OpenResult): Figures {
  const seconds = (answeredAt.reduce((last, at) => Math.max(last, at), 0) - (dueAt[0] ?? 0) || 1) / 1_000
  const took = (refused: number) =>
    sentAt.map((at, i) => (isRefused[i] === refused ? (answeredAt[i] ?? 0) - at : Number.NaN))
  const [acceptedP50 = Number.NaN, acceptedP99 = Number.NaN] = percentiles(took(0), [50, 99])
  const [refusedP50 = Number.NaN, refusedP99 = Number.NaN] = percentiles(took(1), [50, 99])
  return {
    offered: dueAt.length / seconds,
    goodput: accepted.length / seconds,
    'accepted.p50': acceptedP50,
    'accepted.p99': acceptedP99,
    'refused.p50': refusedP50,
    'refused.p99': refusedP99,
  }
}

const title = ({ options: { minutes = usualMinutes } }: Bench, backend: string): string =>
  `Overload: ${times} times what the api takes, for ${minutes} min, on ${backend}; 1 delivery each; loader, api, worker and database share the machine`
