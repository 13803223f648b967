import { isQueueStatement } from './counters.ts'
import type { Statement } from './counters.ts'
import type { Run } from './run-load.ts'
import { percentiles } from './statistics.ts'

/** The figures of one repeat by name. What does not apply to a contender is missing. */
export type Figures = Record<string, number>

const wanted = [50, 95, 99]

export function measureFigures({ watched, window, load, arrivedAt, aside }: Run, count: number): Figures {
  const perThousand = (seconds: number) => (seconds / count) * 1_000
  const counted = Object.values(watched.cpu).reduce((sum, { seconds }) => sum + seconds, 0)
  const figures: Figures = {
    'cpu.total': perThousand(counted),
    'cpu.loader': perThousand(aside.loader),
    'cpu.receiver': perThousand(aside.receiver),
    'others.cores': (aside.machine - counted - aside.loader - aside.receiver) / aside.wall,
    'others.stolen': aside.stolen / aside.wall,
    'wall.seconds': (last(arrivedAt) - first(load.sentAt)) / 1_000,
    'wall.deliveries': (count / (last(arrivedAt) - first(load.sentAt))) * 1_000,
    'wall.settle': window.to - last(arrivedAt),
    'wall.accepts': (count / (last(load.sentAt) - first(load.sentAt))) * 1_000,
  }
  for (const [name, { seconds, system }] of Object.entries(watched.cpu)) {
    figures[`cpu.${name}`] = perThousand(seconds)
    figures[`cpu.${name}.kernel`] = perThousand(system)
  }
  for (const [role, seconds] of Object.entries(watched.postgresCpu))
    figures[`cpu.postgres: ${role}`] = perThousand(seconds)
  const latency = arrivedAt.map((at, i) => at - (load.sentAt[i] ?? Number.NaN))
  percentiles(load.answeredMs, wanted).forEach((ms, i) => (figures[`answer.p${wanted[i]}`] = ms))
  percentiles(latency, wanted).forEach((ms, i) => (figures[`arrival.p${wanted[i]}`] = ms))
  if (watched.evalsha > 0) {
    figures['redis.evalsha'] = watched.evalsha / count
    figures['redis.calls'] = watched.redisCalls / count
  }
  return { ...figures, ...postgresFigures(watched.statements, watched.walBytes, count) }
}

function postgresFigures(statements: readonly Statement[], walBytes: number, count: number): Figures {
  if (statements.length === 0) return {}
  const calls = (some: readonly Statement[]) => some.reduce((sum, statement) => sum + statement.calls, 0)
  const queue = calls(statements.filter(isQueueStatement))
  // Every accept statement stores one flush, which is one batch.
  const batches = calls(statements.filter(({ query }) => query.includes('INSERT INTO triggers')))
  return {
    batches,
    'batch.triggers': count / batches,
    'sql.per-batch': calls(statements) / batches,
    'sql.queue-per-batch': queue / batches,
    'sql.per-delivery': calls(statements) / count,
    'sql.queue-per-delivery': queue / count,
    'wal.bytes': walBytes / count,
    'lane.claims': calls(statements.filter(({ query }) => query.includes('RETURNING l.runs AS run'))),
  }
}

// Not Math.max(...values): too many arguments.
const first = (values: Float64Array) => values.reduce((least, value) => Math.min(least, value), Infinity)
const last = (values: Float64Array) => values.reduce((most, value) => Math.max(most, value), -Infinity)
