import type { Watched } from '../support/contender.ts'
import type { Figures } from '../support/measure-figures.ts'
import type { OpenResult } from '../support/open-loop.ts'
import { percentiles } from '../support/statistics.ts'
import type { Arrivals } from '../support/subscribers.ts'

/** Stream 0 is the trickle; the marks of this run begin with `from`. */
export function p13Figures(
  { dueAt, stream }: OpenResult,
  { mark, at }: Arrivals,
  watched: Watched,
  from: number,
): Figures {
  const trickle: number[] = []
  let deliveries = 0
  let last = 0
  mark.forEach((one, i) => {
    const due = dueAt[one - from]
    const when = at[i] ?? Number.NaN
    if (due === undefined) return
    if (stream[one - from] === 0) trickle.push(when - due)
    else {
      deliveries += 1
      last = Math.max(last, when)
    }
  })
  const [p50 = Number.NaN, p99 = Number.NaN, most = Number.NaN] = percentiles(
    Float64Array.from(trickle),
    [50, 99, 100],
  )
  const figures: Figures = { 'trickle.p50': p50, 'trickle.p99': p99, 'trickle.most': most }
  if (deliveries === 0) return figures
  const begunAt = dueAt[stream.findIndex((one) => one > 0)] ?? 0
  const cpu = Object.values(watched.cpu).reduce((sum, { seconds }) => sum + seconds, 0)
  return {
    ...figures,
    deliveries,
    seconds: (last - begunAt) / 1_000,
    perSecond: (deliveries / (last - begunAt)) * 1_000,
    // The trickle's own cost is in it: a hundred deliveries or two beside ten thousand.
    'cpu.total': (cpu / deliveries) * 1_000,
    'sql.per-delivery': watched.statements.reduce((sum, { calls }) => sum + calls, 0) / deliveries,
    'lane.claims': watched.statements
      .filter(({ query }) => query.includes('RETURNING l.runs AS run'))
      .reduce((sum, { calls }) => sum + calls, 0),
  }
}
