import { readFile, rm } from 'node:fs/promises'
import { z } from 'zod'
import { localFiles } from './local-folder.ts'
import { writePrivateFile } from './write-private-file.ts'

const stateSchema = z.object({
  /** The stack's own process: SIGTERM to it ends everything. */
  pid: z.number().int().positive(),
  /** `postgres` is there only when the stack runs its own. */
  pids: z.object({ api: z.number(), worker: z.number(), postgres: z.number().optional() }),
  apiUrl: z.string(),
  metricsUrl: z.object({ api: z.string(), worker: z.string() }),
  receiverUrl: z.string(),
  receiverSecureUrl: z.string(),
  databaseUrl: z.string(),
  queueBackend: z.enum(['postgres', 'redis']),
  token: z.string(),
  tokenId: z.number().int(),
  integrationId: z.number().int(),
})

/** Where a running local stack can be reached: the content of `.waybill/local.json`. */
export type LocalState = z.infer<typeof stateSchema>

export const writeLocalState = (state: LocalState): Promise<void> =>
  writePrivateFile(localFiles.state, `${JSON.stringify(state, undefined, 2)}\n`)

export const removeLocalState = (): Promise<void> => rm(localFiles.state, { force: true })

/** The state of the stack that runs now; a file left behind by a killed one counts as none. */
export async function readLocalState(): Promise<LocalState | undefined> {
  const text = await readFile(localFiles.state, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const state = stateSchema.parse(JSON.parse(text))
  return isAlive(state.pid) ? state : undefined
}

/** @throws Error that says how to start one, when no stack runs */
export async function requireLocalState(): Promise<LocalState> {
  const state = await readLocalState()
  if (state) return state
  throw new Error(`no stack runs here (${localFiles.state}); start one with: npx -y pnpm@12 start`)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
