import { readFile, rm } from 'node:fs/promises'
import type { DataLayout } from './data-layout.ts'
import { processIdentity } from './process-identity.ts'
import { replaceFile } from './replace-file.ts'

/** Notes that this process started, or adopted, the server and is going to stop it. */
export async function writeOwner(layout: DataLayout): Promise<void> {
  await replaceFile(layout.owner, `${process.pid} ${(await processIdentity(process.pid)) ?? ''}\n`)
}

export async function removeOwner(layout: DataLayout): Promise<void> {
  await rm(layout.owner, { force: true })
}

/** The id of another living process that owns the server; a server without one is an orphan. */
export async function otherOwner(layout: DataLayout): Promise<number | undefined> {
  const [pid, identity] = (await readFile(layout.owner, 'utf8').catch(() => '')).trim().split(' ')
  const owner = Number(pid)
  if (!Number.isInteger(owner) || owner <= 0 || owner === process.pid) return undefined
  return (await processIdentity(owner)) === identity ? owner : undefined
}
