import { chmod, chown, cp, mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import type { PrivatePostgres } from './private-postgres.ts'

/**
 * Copies a cluster that is stopped, or whose every process is, owners and rights included: the other starts as after a crash
 * at that moment.
 */
export async function copyStill(from: string, to: string): Promise<void> {
  await cp(from, to, {
    recursive: true,
    preserveTimestamps: true,
    filter: (path) => basename(path) !== 'postmaster.pid',
  })
  await ownLike(from, to)
}

/** What a copy does without: it belongs to the running server, or comes by streaming. */
const leftOut = (path: string): boolean =>
  basename(path) === 'postmaster.pid' ||
  (basename(dirname(path)) === 'pg_wal' && /^[0-9A-F]{24}$/.test(basename(path)))

/**
 * Copies the cluster of a server that runs, as `pg_basebackup` would (PostgreSQL manual, "Making a Base Backup Using the
 * Low Level API"), into `<dataDir>/data`, so that a standby can start there. The server must keep its log meanwhile.
 */
export async function copyRunning(
  server: Pick<PrivatePostgres, 'dataDir' | 'asAdmin'>,
  dataDir: string,
): Promise<void> {
  const [from, to] = [join(server.dataDir, 'data'), join(dataDir, 'data')]
  await mkdir(dataDir, { recursive: true })
  await cp(join(server.dataDir, 'password'), join(dataDir, 'password'))
  // One session: the server ends a backup whose session has gone.
  await server.asAdmin(async (sql) => {
    await sql`SELECT pg_backup_start('standby', true)`
    await cp(from, to, { recursive: true, preserveTimestamps: true, filter: (path) => !leftOut(path) })
    const [stop] = await sql<{ labelfile: string }[]>`SELECT labelfile FROM pg_backup_stop(false)`
    await writeFile(join(to, 'backup_label'), stop?.labelfile ?? '')
  })
  await writeFile(join(to, 'standby.signal'), '')
  await ownLike(from, to)
  await ownLike(join(server.dataDir, 'password'), join(dataDir, 'password'))
  await ownLike(server.dataDir, dataDir)
}

/** Gives everything there the owner, and the top the rights, of `model`: who runs the server must be able to read it. */
export async function ownLike(model: string, path: string): Promise<void> {
  const { uid, gid, mode } = await stat(model)
  await chmod(path, mode)
  const within = (await stat(path)).isDirectory() ? await readdir(path, { recursive: true }) : []
  for (const one of [path, ...within.map((name) => join(path, name))]) await chown(one, uid, gid)
}
