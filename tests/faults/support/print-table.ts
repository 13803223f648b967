import type { Finding } from './judge.ts'
import type { Backend, Scenario } from './scenario.ts'

export type Row = {
  scenario: Scenario
  /** The fault with its magnitude. */
  what: string
  backend: Backend
  finding: Finding
  seconds: number
}

export function verdictOf({ finding }: Row): 'passed' | 'FAILED' | 'not here' {
  if (finding.needs !== undefined) return 'not here'
  return finding.failures.length === 0 ? 'passed' : 'FAILED'
}

const heads = [
  'fault',
  'backend',
  'accepted',
  'delivered',
  'lost',
  'duplicates',
  'recovery',
  'verdict',
  'what',
]

/** The table at the end, and below it what the host lacked and the bound that N accepted without a loss give. */
export function printTable(rows: readonly Row[], seed: number): string {
  const cells = rows.map((row) => {
    const { scenario, what, backend, finding } = row
    return [
      scenario.id,
      backend,
      String(finding.accepted),
      String(finding.delivered),
      String(finding.lost),
      `${finding.duplicates} (≤ ${finding.bound})`,
      `${finding.recoverySeconds.toFixed(1)} s`,
      verdictOf(row),
      what,
    ]
  })
  const widths = heads.map((head, i) => Math.max(head.length, ...cells.map((row) => row[i]?.length ?? 0)))
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd()
  const needs = rows.flatMap(({ scenario, finding }) =>
    finding.needs === undefined
      ? []
      : [`${scenario.id} was not injected: this host would need ${finding.needs}`],
  )
  const ran = rows.filter((row) => verdictOf(row) !== 'not here')
  const accepted = ran.reduce((sum, { finding }) => sum + finding.accepted, 0)
  const lost = ran.reduce((sum, { finding }) => sum + finding.lost, 0)
  const bound =
    accepted > 0 && lost === 0 ? `; 95 % sure of less than ${(3 / accepted).toExponential(1)} of all` : ''
  return [
    '',
    line(heads),
    line(widths.map((width) => '-'.repeat(width))),
    ...cells.map(line),
    '',
    ...new Set(needs),
    `seed ${seed}: ${lost} lost of ${accepted} accepted${bound}`,
  ].join('\n')
}
