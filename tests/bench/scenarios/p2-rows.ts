import type { Figures } from '../support/measure-figures.ts'
import type { TableRow } from '../support/print-table.ts'

const insidePostgres = 'cpu.postgres: '

/** The lines of P2's table; what Postgres' CPU went to depends on what was running in it. */
export function p2Rows(repeats: readonly Figures[]): TableRow[] {
  const roles = new Set(
    repeats.flatMap((figures) => Object.keys(figures)).filter((name) => name.startsWith(insidePostgres)),
  )
  const rows = (entries: readonly [figure: string, label: string, decimals?: number][]): TableRow[] =>
    entries.map(([figure, label, decimals = 2]) => ({ figure, label, decimals }))
  return [
    ...rows([
      ['cpu.total', 'CPU-s per 1,000 deliveries', 3],
      ['ratio', '  ÷ plain loop', 3],
      ['cpu.api', '  api', 3],
      ['cpu.api.kernel', '    its kernel part', 3],
      ['cpu.worker', '  worker', 3],
      ['cpu.worker.kernel', '    its kernel part', 3],
      ['cpu.postgres', '  Postgres', 3],
      ['cpu.postgres.kernel', '    its kernel part', 3],
    ]),
    ...[...roles]
      .sort()
      .map((figure) => ({ figure, label: `    ${figure.slice(insidePostgres.length)}`, decimals: 3 })),
    ...rows([
      ['cpu.redis', '  Redis', 3],
      ['cpu.loader', 'not counted: loader', 3],
      ['cpu.receiver', 'not counted: receiver', 3],
      ['others.cores', 'busy with anything else, cores'],
      ['others.stolen', 'stolen by the host, cores'],
      ['wall.deliveries', 'deliveries per s', 0],
      ['wall.accepts', 'accepts per s', 0],
      ['wall.settle', 'last arrival → all recorded, ms', 0],
      ['batches', 'batches', 0],
      ['batch.triggers', 'triggers per batch', 1],
      ['sql.per-batch', 'SQL statements per batch'],
      ['sql.queue-per-batch', "  the queue's own"],
      ['sql.per-delivery', 'SQL statements per delivery', 3],
      ['sql.queue-per-delivery', "  the queue's own", 3],
      ['lane.claims', 'lane claims', 0],
      ['wal.bytes', 'WAL bytes per delivery', 0],
      ['redis.evalsha', 'Redis EVALSHA per delivery', 3],
      ['redis.calls', 'Redis calls per delivery', 2],
      ['answer.p50', 'post → 202, p50 ms', 1],
      ['answer.p95', '  p95', 1],
      ['answer.p99', '  p99', 1],
      ['arrival.p50', 'post → arrival, p50 ms', 1],
      ['arrival.p95', '  p95', 1],
      ['arrival.p99', '  p99', 1],
    ]),
  ]
}
