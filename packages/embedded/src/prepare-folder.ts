import { chmod, chown, mkdir, readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { runCommand } from './run-command.ts'
import type { ServerAccount } from './server-account.ts'

/**
 * Makes the data folder and gives it to the server's account.
 *
 * @throws EmbeddedPostgresError `folder_not_ours` when it holds something else, `folder_unreachable` when the account
 * cannot get there
 */
export async function prepareFolder(dataDir: string, account: ServerAccount): Promise<void> {
  const folder = resolve(dataDir)
  try {
    await makeOpenFolder(dirname(folder))
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const found = await readdir(folder)
    if (found.length > 0 && !found.includes('password')) throw notOurs(folder)
    if (account.ids !== undefined) await chown(folder, account.ids.uid, account.ids.gid)
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error
    throw unreachable(folder, String(error), error)
  }
  if (await canUse(folder, account)) return
  const closed = await firstClosedFolder(folder, account)
  throw unreachable(folder, `the server's account may not enter ${closed}; open it with chmod o+x ${closed}`)
}

/** Like `mkdir -p`; what it creates can be entered by everyone, whatever the umask is. */
export async function makeOpenFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true })
  if (first === undefined) return
  for (let made = resolve(folder); made.length >= first.length; made = dirname(made)) await chmod(made, 0o755)
}

/** Asks the kernel rather than the mode bits: those know nothing of ACLs and security modules. */
export async function canEnter(folder: string, account: ServerAccount): Promise<boolean> {
  return (await runCommand('/bin/sh', ['-c', 'cd "$1"', 'sh', folder], account)).ok
}

async function canUse(folder: string, account: ServerAccount): Promise<boolean> {
  return (await runCommand('/bin/sh', ['-c', 'cd "$1" && test -w .', 'sh', folder], account)).ok
}

async function firstClosedFolder(folder: string, account: ServerAccount): Promise<string> {
  let path = '/'
  for (const part of folder.split('/').filter(Boolean)) {
    path = join(path, part)
    if (!(await canEnter(path, account))) return path
  }
  return folder
}

function notOurs(folder: string): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'folder_not_ours',
    `${folder} is not empty and holds no database of ours. Choose another folder, or empty it.`,
  )
}

function unreachable(folder: string, reason: string, cause?: unknown): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'folder_unreachable',
    `The database cannot live in ${folder}: ${reason}`,
    cause === undefined ? {} : { cause },
  )
}
