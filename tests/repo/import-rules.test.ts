import { spawnSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { repoRoot } from './support/repo-file.ts'

type Rule = { name: string; comment: string }
const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as { forbidden: Rule[] }

const clients = ['drizzle-orm', 'postgres', 'bullmq', 'ioredis', 'pg', 'undici', 'got', 'express']

/** A small workspace in the real layout. What each file breaks is named beside it. */
const files: Record<string, { text: string; breaks: string[] }> = {
  'apps/a/src/index.ts': { text: `import '../../b/src/index.ts'`, breaks: ['apps-are-apart'] },
  'apps/b/src/index.ts': { text: 'export {}', breaks: [] },
  'apps/a/src/one.ts': { text: `import './two.ts'`, breaks: ['no-circular'] },
  // A circle is told once, at its first file.
  'apps/a/src/two.ts': { text: `import './one.ts'`, breaks: [] },
  'apps/a/src/database.ts': { text: `import 'postgres'`, breaks: ['database-clients-in-db'] },
  'apps/a/src/orm.ts': { text: `import 'drizzle-orm'`, breaks: ['database-clients-in-db'] },
  'apps/a/src/jobs.ts': { text: `import 'bullmq'`, breaks: ['queue-clients-in-queue'] },
  'apps/a/src/redis.ts': { text: `import 'ioredis'`, breaks: ['queue-clients-in-queue'] },
  'packages/db/src/pg.ts': { text: `import 'pg'`, breaks: ['queue-clients-in-queue'] },
  'apps/a/src/call.ts': { text: `import 'got'`, breaks: ['http-clients-in-egress'] },
  'apps/a/src/fetch.ts': { text: `import 'undici'`, breaks: ['http-clients-in-egress'] },
  'apps/a/src/serve.ts': { text: `import 'express'`, breaks: ['express-in-api'] },
  'apps/a/src/helper.ts': {
    text: `import '../../../packages/testing/src/index.ts'`,
    breaks: ['testing-only-in-tests'],
  },
  'packages/runtime/src/up.ts': {
    text: `import '../../../apps/b/src/index.ts'`,
    breaks: ['packages-know-no-app'],
  },
  'packages/domain/src/read.ts': { text: `import 'node:fs'`, breaks: ['domain-does-no-io'] },
  'packages/domain/src/up.ts': {
    text: `import type { Db } from '../../db/src/index.ts'\nexport type Up = Db`,
    breaks: ['domain-does-no-io'],
  },
  'packages/db/src/wake.ts': {
    text: `import '../../queue/src/index.ts'`,
    breaks: ['storing-never-enqueues'],
  },
  // What the rules allow.
  'packages/db/src/index.ts': { text: `import 'postgres'\nexport type Db = 1`, breaks: [] },
  'packages/queue/src/index.ts': { text: `import 'bullmq'\nimport 'pg'`, breaks: [] },
  'packages/egress/src/index.ts': { text: `import 'undici'\nimport 'got'`, breaks: [] },
  'packages/domain/src/index.ts': { text: `import 'node:crypto'`, breaks: [] },
  'packages/testing/src/index.ts': { text: `import 'postgres'`, breaks: [] },
  'apps/api/src/index.ts': {
    text: `import 'express'\nimport '../../../packages/db/src/index.ts'`,
    breaks: [],
  },
  'apps/a/src/types.ts': { text: `import type { Job } from 'bullmq'\nexport type Mine = Job`, breaks: [] },
  'apps/a/test/a.test.ts': {
    text: `import 'postgres'\nimport '../../../packages/testing/src/index.ts'`,
    breaks: [],
  },
}

const put = async (path: string, text: string) => {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, `${text}\n`)
}

type Violation = { from: string; rule: { name: string } }

function cruise(folder: string): Violation[] {
  const binary = join(repoRoot, 'node_modules/.bin/depcruise')
  const args = ['--config', '.dependency-cruiser.cjs', '--output-type', 'json', 'apps', 'packages']
  const { stdout, stderr } = spawnSync(binary, args, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 26 })
  if (!stdout.startsWith('{')) throw new Error(`depcruise said: ${stderr || stdout}`)
  return (JSON.parse(stdout) as { summary: { violations: Violation[] } }).summary.violations
}

describe('the import rules', () => {
  let folder: string
  let broken: Record<string, string[]>

  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'waybill-imports-')))
    for (const name of ['.dependency-cruiser.cjs', 'tsconfig.base.json'])
      await cp(join(repoRoot, name), join(folder, name))
    for (const client of clients) {
      await put(
        join(folder, 'node_modules', client, 'package.json'),
        JSON.stringify({ name: client, main: 'index.js' }),
      )
      await put(join(folder, 'node_modules', client, 'index.js'), '')
    }
    for (const [path, { text }] of Object.entries(files)) await put(join(folder, path), text)
    broken = {}
    for (const { from, rule } of cruise(folder)) (broken[from] ??= []).push(rule.name)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(Object.entries(files))('says of %s what it breaks', (path, { breaks }) => {
    expect([...new Set(broken[path])]).toEqual(breaks)
  })

  it.each(forbidden.map(({ name }) => name))('are each shown to bite: %s', (name) => {
    expect(Object.values(files).flatMap(({ breaks }) => breaks)).toContain(name)
  })

  it.each(forbidden.map((rule) => [rule.name, rule.comment] as const))(
    'give a reason: %s',
    (_name, comment) => {
      expect(comment).toMatch(/^[A-Z].{20,}\.$/)
    },
  )
})
