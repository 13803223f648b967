import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { runAfterDeath } from '@waybill/testing'
import type { TestResources } from './test-resources.ts'

/** The same as `endServers` and the removal, for the case that we are killed; twice, for one that was just starting. */
const afterDeath = `
  for round in 1 2; do
    for file in $(find "$1" -name postmaster.pid); do kill -s QUIT "$(head -n 1 "$file")"; done
    sleep 2
  done
  rm -rf "$1"`

/**
 * One folder for every temporary file of the run, ours and the tests': TMPDIR points there. Removing it at the end also
 * finds the Postgres servers of tests that were cut short, which live in sessions of their own.
 */
export async function provideFolder(resources: TestResources): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waybill-tests-'))
  // Like /tmp itself: tests run servers and programs as other users.
  await chmod(folder, 0o1777)
  process.env['TMPDIR'] = folder
  const guard = runAfterDeath(afterDeath, [folder])
  resources.add(folder, async () => {
    await endServers(folder)
    await rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
    guard.cancel()
  })
  return folder
}

async function endServers(folder: string): Promise<void> {
  for (const path of await readdir(folder, { recursive: true })) {
    if (basename(path) !== 'postmaster.pid') continue
    const pid = Number.parseInt(await readFile(join(folder, path), 'utf8').catch(() => ''), 10)
    if (pid > 1) endServer(pid)
  }
}

/** SIGQUIT is PostgreSQL's immediate shutdown. */
function endServer(pid: number): void {
  try {
    process.kill(pid, 'SIGQUIT')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
