import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The repository's folder; this file lies three levels below it, compiled or not. */
export const repoRoot = fileURLToPath(new URL('../../../../', import.meta.url))

const folder = join(repoRoot, '.waybill')

/** What the local stack keeps between starts; git ignores all of it. */
export const localFiles = {
  folder,
  state: join(folder, 'local.json'),
  masterKey: join(folder, 'master-key'),
  token: join(folder, 'demo-token'),
  password: join(folder, 'demo-password'),
  /** Whom the worker trusts beside the usual authorities. */
  trusted: join(folder, 'trusted.pem'),
  logs: join(folder, 'logs'),
  log: (name: string) => join(folder, 'logs', `${name}.log`),
} as const

export async function makeLocalFolder(): Promise<void> {
  await mkdir(localFiles.logs, { recursive: true })
}
