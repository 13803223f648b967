import type { TableRow } from '../support/print-table.ts'

/** The lines of P5's table. */
export const p5Rows: readonly TableRow[] = [
  { figure: 'healthy.p50', label: 'healthy: due → arrival, p50 ms', decimals: 1 },
  { figure: 'healthy.p95', label: '  p95', decimals: 1 },
  { figure: 'healthy.p99', label: '  p99', decimals: 1 },
  { figure: 'healthy.p99.9', label: '  p99.9', decimals: 1 },
  { figure: 'healthy.p99.singles', label: '  p99 of triggers → 1', decimals: 1 },
  { figure: 'healthy.p99.fan-outs', label: '  p99 of triggers → 50', decimals: 1 },
  { figure: 'healthy.perSecond', label: 'healthy deliveries per s', decimals: 1 },
  { figure: 'answer.p99', label: 'due → 202, p99 ms', decimals: 1 },
  { figure: 'cpu.total', label: 'CPU-s per 1,000 healthy deliveries', decimals: 3 },
  { figure: 'cpu.api', label: '  api', decimals: 3 },
  { figure: 'cpu.worker', label: '  worker', decimals: 3 },
  { figure: 'cpu.postgres', label: '  Postgres', decimals: 3 },
  { figure: 'cpu.redis', label: '  Redis', decimals: 3 },
  { figure: 'others.cores', label: 'busy with anything else, cores', decimals: 2 },
  { figure: 'lane.claims', label: 'lane claims', decimals: 0 },
  { figure: 'sql.perSecond', label: 'SQL statements per s', decimals: 0 },
]
