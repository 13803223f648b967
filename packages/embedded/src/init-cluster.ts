import { randomBytes } from 'node:crypto'
import { appendFile, chown, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import type { Binaries } from './find-binaries.ts'
import { runCommand } from './run-command.ts'
import type { ServerAccount } from './server-account.ts'
import { settingsFileName } from './write-settings.ts'

/** The one role; it owns everything, as nobody but this machine can connect. */
export const superuser = 'postgres'

/**
 * Creates the cluster unless it exists, and returns its password.
 *
 * @throws EmbeddedPostgresError `init_failed`, `wrong_version`, `folder_unreachable`
 */
export async function initCluster(
  layout: DataLayout,
  binaries: Binaries & { major: string },
  account: ServerAccount,
  logger: (line: string) => void,
): Promise<string> {
  const version = await readText(join(layout.cluster, 'PG_VERSION'))
  if (version !== undefined) return existingPassword(layout, version, binaries.major)

  logger(`Creating a database in ${layout.root}`)
  const password = randomBytes(24).toString('base64url')
  await writePassword(layout, password, account)
  await runInitdb(layout, binaries, account)
  await appendFile(
    join(layout.unfinishedCluster, 'postgresql.conf'),
    `\ninclude_if_exists = '${settingsFileName}'\n`,
  )
  await rename(layout.unfinishedCluster, layout.cluster)
  return password
}

async function existingPassword(layout: DataLayout, version: string, major: string): Promise<string> {
  if (version !== major) {
    throw new EmbeddedPostgresError(
      'wrong_version',
      `${layout.cluster} was made by PostgreSQL ${version}, and this is ${major}. ` +
        `Dump it with the old version, or remove ${layout.root} to start afresh.`,
    )
  }
  const password = await readText(layout.password)
  if (password) return password
  throw new EmbeddedPostgresError(
    'init_failed',
    `The password of the database is missing: ${layout.password}. Put it back, or remove ${layout.root} to start afresh.`,
  )
}

/** Into a folder that is renamed at the end: a half-made cluster can then never be taken for a whole one. */
async function runInitdb(layout: DataLayout, binaries: Binaries, account: ServerAccount): Promise<void> {
  await rm(layout.unfinishedCluster, { recursive: true, force: true })
  const result = await runCommand(
    binaries.initdb,
    [
      `--pgdata=${layout.unfinishedCluster}`,
      `--username=${superuser}`,
      `--pwfile=${layout.password}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ],
    account,
  )
  if (result.ok) return
  await rm(layout.unfinishedCluster, { recursive: true, force: true })
  throw new EmbeddedPostgresError('init_failed', `PostgreSQL could not create a database: ${result.output}`)
}

async function writePassword(layout: DataLayout, password: string, account: ServerAccount): Promise<void> {
  const draft = `${layout.password}.unfinished`
  await rm(draft, { force: true })
  await writeFile(draft, `${password}\n`, { mode: 0o600, flag: 'wx' })
  if (account.ids !== undefined) await chown(draft, account.ids.uid, account.ids.gid)
  await rename(draft, layout.password)
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      'folder_unreachable',
      `${path} cannot be read (${String(error)}). Run this as the user who created it, or remove its folder.`,
      { cause: error },
    )
  }
}
