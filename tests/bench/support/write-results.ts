import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { cpus, release } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Bench } from './bench.ts'

/** Writes one run as JSON under bench-results/ and returns the file's path. */
export async function writeResults(
  { root, options }: Bench,
  scenario: string,
  measured: Record<string, unknown>,
): Promise<string> {
  const at = new Date().toISOString()
  const folder = join(root, 'bench-results')
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${scenario}-${at.slice(0, 19).replaceAll(/[:T]/g, '-')}.json`)
  const machine = { cpus: cpus().length, model: cpus()[0]?.model, kernel: release(), node: process.version }
  const commit = await promisify(execFile)('git', ['-C', root, 'describe', '--always', '--dirty']).then(
    ({ stdout }) => stdout.trim(),
    () => null,
  )
  await writeFile(
    file,
    `${JSON.stringify({ scenario, at, commit, machine, options, ...measured }, null, 2)}\n`,
  )
  return file
}
