import { repoFile } from './repo-file.ts'

/** A route's heading in docs/api.md and what stands below it. */
export type RouteSection = { route: string; text: string }

export function routeSections(): RouteSection[] {
  return repoFile('docs/api.md')
    .split(/^(?=##+ )/m)
    .flatMap((text) => {
      const [, route] = /^### `([A-Z]+ \/[^`]+)`\n/.exec(text) ?? []
      return route === undefined ? [] : [{ route, text }]
    })
}

/** The first two cells of the rows under `## <heading>`, of the table whose second column has this title. */
export function tableCells(heading: string, secondColumn: string): [string, string][] {
  const rows =
    repoFile('docs/api.md')
      .split(/^## /m)
      .find((part) => part.startsWith(`${heading}\n`))
      ?.split('\n') ?? []
  const cellsOf = (row: string) => row.split('|').map((cell) => cell.trim())
  const header = rows.findIndex((row) => cellsOf(row)[2] === secondColumn)
  if (header < 0) throw new Error(`docs/api.md has no column ${secondColumn} under ${heading}`)
  const after = rows.slice(header + 2)
  const end = after.findIndex((row) => !row.startsWith('|'))
  return after.slice(0, end).map((row) => {
    const [, first = '', second = ''] = cellsOf(row)
    return [first.replaceAll('`', ''), second]
  })
}
