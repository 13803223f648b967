import { spread } from './statistics.ts'
import type { Figures } from './measure-figures.ts'

/** A line of the table: a figure's name, what to call it, and its decimals. Without a name: a heading. */
export type TableRow = { label: string; figure?: string; decimals?: number }

/** One column: what was measured in every repeat. */
export type TableColumn = { name: string; repeats: readonly Figures[] }

/** Median with min–max over the repeats; rows that no column has are left out. */
export function printTable(rows: readonly TableRow[], columns: readonly TableColumn[]): string {
  const lines = [['', ...columns.map(({ name }) => name)]]
  for (const row of rows) {
    const cells = columns.map((column) => cell(row, column))
    if (row.figure === undefined || cells.some((text) => text !== '')) lines.push([row.label, ...cells])
  }
  const widths = lines[0]?.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0))) ?? []
  return lines
    .map((line) =>
      line.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))),
    )
    .map((line) => line.join('  ').trimEnd())
    .join('\n')
}

function cell({ figure, decimals = 2 }: TableRow, { repeats }: TableColumn): string {
  if (figure === undefined) return ''
  const values = repeats.map((figures) => figures[figure]).filter((value) => value !== undefined)
  if (values.length === 0) return ''
  const { median, min, max } = spread(values)
  const [middle, least, most] = [median, min, max].map((value) => value.toFixed(decimals))
  return values.length === 1 ? `${middle}` : `${middle} (${least}–${most})`
}
