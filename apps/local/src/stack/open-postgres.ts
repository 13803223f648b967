import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { dataDirFor, EmbeddedPostgresError, startEmbeddedPostgres } from '@waybill/embedded'
import { localFiles, repoRoot } from './local-folder.ts'

export type LocalPostgres = { url: string; pid?: number; stop(): Promise<void> }

type Say = (line: string) => void

/** The person's own PostgreSQL if they named one, else the embedded one, started or taken over. */
export async function openPostgres(
  ownUrl: string | undefined,
  reset: boolean,
  say: Say,
): Promise<LocalPostgres> {
  if (ownUrl !== undefined) {
    if (reset)
      throw new Error('--reset forgets the embedded database only; empty the one of DATABASE_URL yourself.')
    return { url: ownUrl, stop: async () => {} }
  }
  const dataDir = await dataDirFor(repoRoot, say)
  if (reset) await forget(dataDir, say)
  const server = await startEmbeddedPostgres({ dataDir, logger: say })
  return { url: server.url, pid: server.pid, stop: () => server.stop('fast') }
}

/** @throws EmbeddedPostgresError `in_use` while another stack uses the data */
async function forget(dataDir: string, say: Say): Promise<void> {
  if (existsSync(join(dataDir, 'data', 'postmaster.pid'))) await stopLeftOver(dataDir)
  await rm(dataDir, { recursive: true, force: true })
  await rm(localFiles.token, { force: true })
  say(`Forgot the data in ${dataDir}`)
}

/** A stack that was killed may have left its server running, and that would write on into removed files. */
async function stopLeftOver(dataDir: string): Promise<void> {
  try {
    const server = await startEmbeddedPostgres({ dataDir, logger: () => {} })
    await server.stop('immediate')
  } catch (error) {
    // A database too broken to start is a good reason to forget it.
    if (error instanceof EmbeddedPostgresError && error.code !== 'in_use') return
    throw error
  }
}
