import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { repoFile, repoRoot } from './repo-file.ts'

/** A variable's name and what stands for it when it is not set. */
export type Variable = { name: string; fallback: string }

/** The apps that read an environment. */
export function configuredApps(): string[] {
  return readdirSync(join(repoRoot, 'apps')).filter((app) => existsSync(join(repoRoot, configPath(app))))
}

const configPath = (app: string) => `apps/${app}/src/config.ts`

/** What the zod schema of an app's config.ts reads: every key in capitals, up to the next one. */
export function schemaVariables(app: string): Variable[] {
  const [, schema = ''] = /z\.object\(\{\n([\s\S]*?)\n\}\)/.exec(repoFile(configPath(app))) ?? []
  return schema
    .split(/^ {2}(?=[A-Z][A-Z0-9_]*:)/m)
    .filter((entry) => /^[A-Z]/.test(entry))
    .map((entry) => ({ name: entry.slice(0, entry.indexOf(':')), fallback: fallbackOf(entry) }))
}

/** As the page says it. `count(8)` is this repository's word for a whole number with a default. */
function fallbackOf(entry: string): string {
  const found = /\.default\(([^)]*)\)/.exec(entry) ?? /\bcount\(([^)]*)\)/.exec(entry)
  if (found) return found[1] === '[]' ? 'empty' : (found[1] ?? '').replace(/['"_]/g, '')
  return entry.includes('.optional()') ? 'not set' : 'required'
}

/** The rows of the table under `## <app>` in docs/configuration.md: name and default. */
export function documentedVariables(app: string): Variable[] {
  const section =
    repoFile('docs/configuration.md')
      .split(/^## /m)
      .find((part) => part.startsWith(`${app}\n`)) ?? ''
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim().replaceAll('`', '')))
    .map(([, name = '', , fallback = '']) => ({ name, fallback }))
}
