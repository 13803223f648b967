import { describe, expect, it } from '@jest/globals'
import { documented, type Documented } from './support/documented-elements.ts'
import { compatibilityRows, hasTest, titlesIn } from './support/read-compatibility.ts'
import { repoFile } from './support/repo-file.ts'

const sections = compatibilityRows()
const dialects = Object.keys(documented)
const rowsOf = (dialect: string) => sections.get(dialect) ?? []

/** What no row is about: the element itself, or those of its values that no row about it names. */
function missingOf(dialect: string, element: Documented): string[] {
  const [name, ...values] = typeof element === 'string' ? [element] : element
  const about = rowsOf(dialect).filter(({ subjects }) => subjects.includes(name))
  if (about.length === 0) return [name]
  const named = new Set(about.flatMap((row) => row.values))
  return values.filter((value) => !named.has(value)).map((value) => `${name} ${value}`)
}

describe('docs/compatibility.md', () => {
  it('has a table for each dialect, and no other', () => {
    expect([...sections.keys()]).toEqual(dialects)
  })

  it.each(dialects)('says of every row what it is, where it is documented, and its test: %s', (dialect) => {
    const rows = rowsOf(dialect)
    expect(rows.length).toBeGreaterThan(0)
    const bare = rows.filter(
      ({ element, documentedIn, title, file }) => ![element, documentedIn, title, file].every(Boolean),
    )
    expect(bare).toEqual([])
  })

  it.each(dialects)('names only tests that exist: %s', (dialect) => {
    const broken = rowsOf(dialect).filter((row) => !hasTest(row))
    expect(broken.map(({ title, file }) => `${file}: ${title}`)).toEqual([])
  })

  it.each(dialects)('has a row for everything that the pages list: %s', (dialect) => {
    const missing = (documented[dialect] ?? []).flatMap((element) => missingOf(dialect, element))
    expect(missing).toEqual([])
  })

  it.each(dialects)('has no row twice: %s', (dialect) => {
    const seen = rowsOf(dialect).map(({ element, title }) => `${element} ${title}`)
    expect(seen.filter((one, i) => seen.indexOf(one) !== i)).toEqual([])
  })

  it('has a list of differences for each dialect that links to how its pages were read', () => {
    const parts = repoFile('docs/compatibility.md').split(/^## /m).slice(1)
    const without = parts.filter(
      (part) =>
        !/^### Where .* differs?$[\s\S]*\(\S+\.md#how-we-read-what-the-pages-leave-open\)/m.test(part),
    )
    expect(without.map((part) => part.split('\n')[0])).toEqual([])
  })
})

describe('the reading of titles', () => {
  const source = [
    "  it('is one', async () => {})",
    "  it('isn\\'t none', () => {})",
    "  it.each<[string, number]>([['a', (1)], ['no title', () => 2]])(",
    "    'is of a table: %s',",
    '    async (one) => {},',
    '  )',
    "  it.skip('is skipped', () => {})",
    "  it.skip.each([1])('is a skipped one of a table', () => {})",
    "  it.todo('is still to come')",
    "describe('a group', () => {})",
    "describe.each([1])('a table of groups', () => {})",
    "  helper('is no test', () => {})",
    "// it('was a test', () => {})",
  ].join('\n')

  it('finds tests and tables of tests, and neither groups nor what is skipped', () => {
    expect([...titlesIn(source)]).toEqual(['is one', "isn't none", 'is of a table: %s'])
  })

  it('finds a row’s parts, whatever stands around it', () => {
    const rows = compatibilityRows(
      '# A\n\n## B\n\ntext\n\n| element | documented in | test | file |\n| - | - | - | - |\n' +
        '| `x`: `y`, `z` | A page | `is one` | [a](../a/b.test.ts) |\n| w | | none | |\n',
    )
    expect(rows.get('B')).toEqual([
      {
        element: '`x`: `y`, `z`',
        subjects: ['x'],
        values: ['y', 'z'],
        documentedIn: 'A page',
        title: 'is one',
        file: 'a/b.test.ts',
      },
      { element: 'w', subjects: [], values: [], documentedIn: '', title: '', file: '' },
    ])
  })
})
