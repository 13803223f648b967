import { execFile } from 'node:child_process'
import { readFile, readlink, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { DataLayout } from './data-layout.ts'
import { processIdentity } from './process-identity.ts'

export type Postmaster = { pid: number; port: number; status: string }

/** Above every kernel's limit, so no process can ever have it. */
const impossiblePid = 2_147_483_646

/** The server that is running on this cluster now; a stale postmaster.pid is `undefined`. */
export async function runningPostmaster(layout: DataLayout): Promise<Postmaster | undefined> {
  const written = await readPostmaster(layout)
  return written !== undefined && (await serves(written.pid, layout.cluster)) ? written : undefined
}

/**
 * Makes Postgres see that the process in postmaster.pid is gone. It only asks whether *some* process has that id, and
 * refuses to start when the id was taken by another one since (usual after a reboot). Only the id is replaced: the
 * rest of the file lets Postgres find survivors of the old server in its shared memory, which removing it would not.
 */
export async function disownStalePid(layout: DataLayout): Promise<void> {
  const text = await readFile(pidFile(layout), 'utf8').catch(() => '')
  const pid = Number.parseInt(text, 10)
  if (Number.isNaN(pid) || pid === impossiblePid || (await serves(pid, layout.cluster))) return
  await writeFile(pidFile(layout), text.replace(/^\d+/, String(impossiblePid)))
}

function pidFile(layout: DataLayout): string {
  return join(layout.cluster, 'postmaster.pid')
}

/** Lines of the file: pid, data folder, start time, port, socket folder, address, shared memory, status. */
async function readPostmaster(layout: DataLayout): Promise<Postmaster | undefined> {
  const text = await readFile(pidFile(layout), 'utf8').catch(() => '')
  const lines = text.split('\n').map((line) => line.trim())
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  if (!Number.isInteger(pid) || pid <= 0) return undefined
  return { pid, port, status: lines[7] ?? '' }
}

/** A server's working folder is its cluster: that tells it from a process that merely got the same id. */
async function serves(pid: number, cluster: string): Promise<boolean> {
  if ((await processIdentity(pid)) === undefined) return false
  const folder = await realpath(cluster).catch(() => cluster)
  if (process.platform !== 'linux') return (await commandLine(pid)).includes(cluster)
  const [program, workingFolder] = await Promise.all([
    readFile(`/proc/${pid}/comm`, 'utf8').catch(() => ''),
    readlink(`/proc/${pid}/cwd`).catch(() => ''),
  ])
  return program.trim() === 'postgres' && workingFolder === folder
}

async function commandLine(pid: number): Promise<string> {
  const { stdout } = await promisify(execFile)('ps', ['-p', String(pid), '-o', 'command=']).catch(() => ({
    stdout: '',
  }))
  return stdout
}
