import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { printStates } from '@waybill/domain'
import { printProfiles } from './support/print-profiles.ts'
import { expectPrintedPage } from './support/printed-page.ts'
import { repoFile, repoRoot } from './support/repo-file.ts'

const pages = [
  ...readdirSync(repoRoot).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(repoRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** Code is no prose: a link or a path in a listing need not exist. */
const proseOf = (page: string) => repoFile(page).replace(/^```[\s\S]*?^```/gm, '')

/** The anchor GitHub gives a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-')

const anchorsIn = (path: string) =>
  [...readFileSync(path, 'utf8').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => anchorOf(heading))

function brokenLinks(page: string): string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? join(repoRoot, page) : join(repoRoot, dirname(page), path)
    return !existsSync(target) || (anchor !== undefined && !anchorsIn(target).includes(anchor))
  })
}

/** Paths of this repository that a page names in backticks. */
const namedPaths = (page: string) =>
  [...proseOf(page).matchAll(/`((?:apps|packages|tests|docs|scripts|\.ci)\/[\w./-]+)`/g)].map(
    ([, path = '']) => path,
  )

describe('the documentation', () => {
  it.each(['npx -y pnpm@12 start', 'npx -y pnpm@12 test'])(
    'names the command %s in the README',
    (command) => {
      expect(repoFile('README.md').split('\n')).toContainEqual(
        expect.stringMatching(new RegExp(`^${command}( |$)`)),
      )
    },
  )

  it('has a README of two screens', () => {
    expect(repoFile('README.md').split('\n').length).toBeLessThanOrEqual(130)
  })

  it('prints docs/states.md from the table of states', () =>
    expectPrintedPage('docs/states.md', printStates()))

  it('prints docs/profiles.md from the profiles', () =>
    expectPrintedPage('docs/profiles.md', printProfiles()))

  it.each(pages)('links only to what exists: %s', (page) => {
    expect(brokenLinks(page)).toEqual([])
  })

  it.each(pages)('names only files that exist: %s', (page) => {
    expect(namedPaths(page).filter((path) => !existsSync(join(repoRoot, path)))).toEqual([])
  })
})

describe('the scripts of package.json', () => {
  const { scripts } = JSON.parse(repoFile('package.json')) as { scripts: Record<string, string> }
  const programs = Object.entries(scripts).flatMap(([name, script]) =>
    [...script.matchAll(/\S+\.(?:ts|mjs)(?= |$)/g)].map(([path]) => [name, path] as const),
  )

  it.each(programs)('%s runs a file that exists: %s', (_name, path) => {
    expect(existsSync(join(repoRoot, path))).toBe(true)
  })

  it('are what the pages tell people to run', () => {
    const told = pages.flatMap((page) => [...repoFile(page).matchAll(/pnpm@12 (?:run )?([\w:]+)/g)])
    const unknown = told.map(([, name = '']) => name).filter((name) => scripts[name] === undefined)
    expect(unknown).toEqual([])
  })
})

describe('the decision records', () => {
  const records = readdirSync(join(repoRoot, 'docs/adr'))
    .filter((name) => name !== 'README.md')
    .sort()

  it('are numbered from 0001 without a gap or a repetition', () => {
    const expected = records.map((_, i) => String(i + 1).padStart(4, '0'))
    expect(records.map((name) => name.slice(0, 4))).toEqual(expected)
    expect(records.length).toBeGreaterThan(0)
  })

  it.each(records)('fit on a page in three parts: %s', (name) => {
    const text = repoFile(`docs/adr/${name}`)
    expect(text).toMatch(new RegExp(`^# ${name.slice(0, 4)} \\S`))
    expect([...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)).toEqual([
      'Context',
      'Decision',
      'Consequences',
    ])
    expect(text.split('\n').length).toBeLessThanOrEqual(60)
  })

  it.each(records)('are listed with their titles in docs/adr/README.md: %s', (name) => {
    const [, title = ''] = /^# (.*)$/m.exec(repoFile(`docs/adr/${name}`)) ?? []
    expect(repoFile('docs/adr/README.md')).toContain(`[${title}](${name})`)
  })
})
