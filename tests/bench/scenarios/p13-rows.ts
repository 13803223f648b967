import type { TableRow } from '../support/print-table.ts'

/** The lines of P13's table. */
export const p13Rows: readonly TableRow[] = [
  { figure: 'deliveries', label: 'deliveries', decimals: 0 },
  { figure: 'seconds', label: 'due → last arrival, s', decimals: 2 },
  { figure: 'perSecond', label: 'deliveries per s', decimals: 0 },
  { figure: 'ratio', label: "P3's rate ÷ this one", decimals: 2 },
  { figure: 'cpu.total', label: 'CPU-s per 1,000 deliveries', decimals: 3 },
  { figure: 'others.cores', label: 'busy with anything else, cores', decimals: 2 },
  { figure: 'sql.per-delivery', label: 'SQL statements per delivery', decimals: 3 },
  { figure: 'worker.rss', label: "worker's largest resident set, MB", decimals: 0 },
  { figure: 'lane.claims', label: 'lane claims', decimals: 0 },
  { figure: 'trickle.p50', label: 'trickle: due → arrival, p50 ms', decimals: 1 },
  { figure: 'trickle.p99', label: '  p99', decimals: 1 },
  { figure: 'trickle.most', label: '  the latest', decimals: 1 },
]
