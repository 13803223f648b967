import { chmod, cp, readdir, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { binariesIn } from './find-binaries.ts'
import type { Binaries } from './find-binaries.ts'
import { runCommand } from './run-command.ts'
import type { ServerAccount } from './server-account.ts'

/**
 * The binaries at a place where `account` can run them: where they are, or a copy in `copyInto` when a folder above
 * them is closed to that account (root's home folder, say).
 *
 * @throws EmbeddedPostgresError `binaries_failed` when they run at neither place
 */
export async function reachableBinaries(
  folder: string,
  copyInto: string,
  account: ServerAccount,
  logger: (line: string) => void,
): Promise<Binaries & { major: string }> {
  const here = await probe(folder, account)
  if (here.major !== undefined) return { ...binariesIn(folder), major: here.major }
  if (account.ids === undefined) throw cannotRun(folder, here.output)

  const copy = join(copyInto, await packageVersion(folder))
  if ((await probe(copy, account)).major === undefined) {
    logger(`The server account cannot run the binaries in ${folder}; copying them to ${copy}`)
    await copyReadable(folder, copy)
  }
  const there = await probe(copy, account)
  if (there.major === undefined) throw cannotRun(copy, there.output)
  return { ...binariesIn(copy), major: there.major }
}

/** Running the program is the only test that sees every reason: folders, file modes, missing libraries. */
async function probe(folder: string, account: ServerAccount): Promise<{ major?: string; output: string }> {
  const { ok, output } = await runCommand(binariesIn(folder).postgres, ['--version'], account)
  const major = ok ? /\(PostgreSQL\) (\d+)/.exec(output)?.[1] : undefined
  return major === undefined ? { output } : { output, major }
}

function cannotRun(folder: string, output: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'binaries_failed',
    `The bundled PostgreSQL in ${folder} does not run here: ${output}. ` +
      'It needs a glibc Linux or macOS; elsewhere point DATABASE_URL at a PostgreSQL of your own.',
  )
}

async function packageVersion(folder: string): Promise<string> {
  const manifest = await readFile(join(folder, '..', 'package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}

/** The rename at the end makes a copy that was cut short invisible. */
async function copyReadable(from: string, to: string): Promise<void> {
  const unfinished = `${to}.unfinished`
  await rm(unfinished, { recursive: true, force: true })
  await rm(to, { recursive: true, force: true })
  await cp(from, unfinished, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !file.endsWith('.a'),
  })
  await makeReadable(unfinished)
  await rename(unfinished, to)
}

/** Root's umask may have closed what was copied. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755)
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) await makeReadable(path)
    else if (entry.isFile()) await chmod(path, 0o755)
  }
}
