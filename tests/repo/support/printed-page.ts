import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from '@jest/globals'
import { repoFile, repoRoot } from './repo-file.ts'

/** Expects a page that is printed from code to be fresh; with UPDATE_DOCS=1 it is written instead. */
export function expectPrintedPage(path: string, text: string): void {
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(join(repoRoot, path), text)
  expect({ path, text: repoFile(path) }).toEqual({ path, text })
}
