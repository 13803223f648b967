import { percentile, type TallyRow } from './tally.ts'

const texts = ['subscriber', 'profile']
const head = [...texts, 'matched', 'arrived', 'delivered', 'retried', 'pending', 'p50 ms', 'p95 ms']

/** The tally as lines of text, with a row of sums. */
export function printTable(rows: readonly TallyRow[]): string[] {
  const sum = (pick: (row: TallyRow) => number) => rows.reduce((total, row) => total + pick(row), 0)
  const total: TallyRow = {
    name: 'all',
    profile: '',
    matched: sum((row) => row.matched),
    arrived: sum((row) => row.arrived),
    delivered: sum((row) => row.delivered),
    retried: sum((row) => row.retried),
    pending: sum((row) => row.pending),
    latencyMs: rows.flatMap((row) => row.latencyMs).toSorted((a, b) => a - b),
  }
  const cells = [head, ...rows.map(toCells), toCells(total)]
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)))
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column < texts.length ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  )
  const rule = widths.map((width) => '─'.repeat(width)).join('──')
  return [...lines.slice(0, 1), rule, ...lines.slice(1, -1), rule, ...lines.slice(-1)]
}

function toCells(row: TallyRow): string[] {
  const numbers = [row.matched, row.arrived, row.delivered, row.retried, row.pending]
  const shown = [0.5, 0.95].map((share) => percentile(row.latencyMs, share))
  return [
    row.name,
    row.profile,
    ...numbers.map(String),
    ...shown.map((ms) => (ms === undefined ? '–' : String(Math.round(ms)))),
  ]
}
