import type { Watched } from '../support/contender.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenResult } from '../support/open-loop.ts'
import { percentiles } from '../support/statistics.ts'
import type { Arrivals } from '../support/subscribers.ts'

/** Marks from `from` on belong to the phase; subscribers from `neverHangFrom` on answer in all phases. */
type About = { from: number; neverHangFrom: number; seconds: number }

type Latency = { stream: number; dueAt: number; at: number; ms: number }

/** Of healthy subscribers, from when a trigger was due to be posted until it arrived. */
function latencies(
  { dueAt, stream }: OpenResult,
  { subscriber, mark, at }: Arrivals,
  { from, neverHangFrom }: About,
): Latency[] {
  const found: Latency[] = []
  mark.forEach((one, i) => {
    const due = dueAt[one - from]
    const when = at[i] ?? Number.NaN
    if (due === undefined || (subscriber[i] ?? 0) < neverHangFrom) return
    found.push({ stream: stream[one - from] ?? 0, dueAt: due, at: when, ms: when - due })
  })
  return found
}

const p = (some: readonly Latency[], wanted: readonly number[]): number[] =>
  percentiles(
    Float64Array.from(some, ({ ms }) => ms),
    wanted,
  )

export function healthyFigures(
  result: OpenResult,
  arrivals: Arrivals,
  watched: Watched,
  about: About,
): Figures {
  const all = latencies(result, arrivals, about)
  const [p50 = 0, p95 = 0, p99 = 0, p999 = 0] = p(all, [50, 95, 99, 99.9])
  const [singles = 0] = p(
    all.filter(({ stream }) => stream === 0),
    [99],
  )
  const [fanOuts = 0] = p(
    all.filter(({ stream }) => stream === 1),
    [99],
  )
  const begunAt = result.dueAt[0] ?? 0
  const inTime = all.filter(({ at }) => at < begunAt + about.seconds * 1_000)
  const answers = result.answeredAt.map((at, i) => at - (result.dueAt[i] ?? 0))
  const figures: Figures = {
    'healthy.p50': p50,
    'healthy.p95': p95,
    'healthy.p99': p99,
    'healthy.p99.9': p999,
    'healthy.p99.singles': singles,
    'healthy.p99.fan-outs': fanOuts,
    'healthy.perSecond': inTime.length / about.seconds,
    'answer.p99': percentiles(answers, [99])[0] ?? Number.NaN,
    'lane.claims': watched.statements
      .filter(({ query }) => query.includes('RETURNING l.runs AS run'))
      .reduce((sum, { calls }) => sum + calls, 0),
    'sql.perSecond': watched.statements.reduce((sum, { calls }) => sum + calls, 0) / about.seconds,
  }
  let total = 0
  for (const [name, { seconds }] of Object.entries(watched.cpu)) {
    figures[`cpu.${name}`] = (seconds / all.length) * 1_000
    total += seconds
  }
  return { ...figures, 'cpu.total': (total / all.length) * 1_000 }
}

/** The healthy ones' p99 in each second of the phase, ms. */
export function bySecond(result: OpenResult, arrivals: Arrivals, about: About): number[] {
  const begunAt = result.dueAt[0] ?? 0
  const all = latencies(result, arrivals, about)
  return Array.from({ length: about.seconds }, (_, second) => {
    const within = all.filter(({ dueAt }) => Math.floor((dueAt - begunAt) / 1_000) === second)
    return Math.round(p(within, [99])[0] ?? 0)
  })
}
