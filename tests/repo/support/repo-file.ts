import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repoRoot = fileURLToPath(new URL('../../..', import.meta.url))

export const repoFile = (path: string): string => readFileSync(join(repoRoot, path), 'utf8')
