import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { repoFile, repoRoot } from './repo-file.ts'

/** One row: what is documented, where, and the test that shows it. Of an element `a`, `b`: `c` the subjects are a and b. */
export type CompatibilityRow = {
  element: string
  subjects: readonly string[]
  values: readonly string[]
  documentedIn: string
  title: string
  file: string
}

const page = 'docs/compatibility.md'
const header = ['element', 'documented in', 'test', 'file']

/** The rows of every `## ` section that has a table, by its heading. */
export function compatibilityRows(text = repoFile(page)): Map<string, CompatibilityRow[]> {
  const sections = text.split(/^## /m).slice(1)
  return new Map(
    sections.flatMap((section) => {
      const [heading = '', ...lines] = section.split('\n')
      const cells = lines.filter((line) => line.startsWith('|')).map(cellsOf)
      if (cells.length === 0) return []
      if (cells[0]?.join() !== header.join()) throw new Error(`${heading} has another table`)
      return [[heading, cells.slice(2).map(rowOf)] as const]
    }),
  )
}

const cellsOf = (line: string) =>
  line
    .slice(1, line.lastIndexOf('|'))
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'))

function rowOf([element = '', documentedIn = '', test = '', link = '']: string[]): CompatibilityRow {
  const [subject = ''] = /^(?:[^`:]|`[^`]*`)*/.exec(element) ?? []
  return {
    element,
    subjects: codesIn(subject),
    values: codesIn(element.slice(subject.length)),
    documentedIn,
    title: /^`(.+)`$/.exec(test)?.[1] ?? '',
    file: /^\[[^\]]+\]\(\.\.\/([^)]+)\)$/.exec(link)?.[1] ?? '',
  }
}

const codesIn = (text: string) => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** The titles in a source text, as they stand in `it('…', …)` and `it.each(…)('…', …)`; tests that are skipped have none. */
export function titlesIn(source: string): Set<string> {
  const heads = [...source.matchAll(/^ *((?:it|describe)[.\w]*)[<(]/gm)]
  const titled = /\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1,\s*(?:async\s*)?(?:\(|\w+\s*=>)/g
  const titles = [...source.matchAll(titled)].flatMap(({ index, 2: text = '' }) => {
    // What stands before it: either the head itself, or the end of the table that the head began.
    const [found = '', head = ''] = heads.findLast((one) => one.index <= index) ?? []
    const isOwn = head === 'it' && source.slice(0, index + 1).endsWith(found)
    const isOfTable = head === 'it.each' && source[index - 1] === ')'
    return isOwn || isOfTable ? [text.replace(/\\(['"`\\])/g, '$1')] : []
  })
  return new Set(titles)
}

const known = new Map<string, Set<string>>()

/** Whether a file of this repository holds a test with that title. */
export function hasTest({ file, title }: Pick<CompatibilityRow, 'file' | 'title'>): boolean {
  if (!file.endsWith('.test.ts') || !existsSync(join(repoRoot, file))) return false
  const titles = known.get(file) ?? titlesIn(repoFile(file))
  known.set(file, titles)
  return titles.has(title)
}
