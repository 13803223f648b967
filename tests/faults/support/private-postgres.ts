import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { migrateDatabase } from '@waybill/db'
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@waybill/embedded'
import { migrateQueue } from '@waybill/queue'
import postgres from 'postgres'

/** A server that a scenario may do anything to. Its address stays the same over restarts. */
export type PrivatePostgres = {
  url: string
  dataDir: string
  pid(): number
  stop(mode: 'fast' | 'immediate'): Promise<void>
  start(): Promise<void>
  /** The postmaster and everything it started. */
  pids(): Promise<number[]>
  /** SIGSTOP and SIGCONT to all of them. */
  freeze(): Promise<void>
  thaw(): Promise<void>
  /** A superuser's connection around everything the scenario does to the server. */
  asAdmin<T>(work: (sql: postgres.Sql) => Promise<T>): Promise<T>
  end(): Promise<void>
}

/** Starts one in a folder of its own and migrates it for both backends. */
export async function startPrivatePostgres(
  settings: Record<string, string> = {},
  inFolder = tmpdir(),
): Promise<PrivatePostgres> {
  const dataDir = await mkdtemp(join(inFolder, 'waybill-fault-pg-'))
  const launch = (port?: number): Promise<EmbeddedPostgres> =>
    startEmbeddedPostgres({ dataDir, logger: () => {}, settings, ...(port === undefined ? {} : { port }) })
  const state = { server: await launch(), frozen: [] as number[] }
  const { url, port } = state.server
  await migrateDatabase(url)
  await migrateQueue({ backend: 'postgres', databaseUrl: url })
  const pids = () => familyOf(state.server.pid)
  const thaw = async () => {
    for (const pid of state.frozen.splice(0)) signal(pid, 'SIGCONT')
  }
  return {
    url,
    dataDir,
    pid: () => state.server.pid,
    stop: (mode) => state.server.stop(mode),
    start: async () => {
      state.server = await launch(port)
    },
    pids,
    freeze: async () => {
      // The postmaster first, so that it starts nobody new meanwhile.
      signal(state.server.pid, 'SIGSTOP')
      state.frozen = await pids()
      for (const pid of state.frozen) signal(pid, 'SIGSTOP')
    },
    thaw,
    asAdmin: async (work) => {
      const sql = postgres(url, { max: 1, onnotice: () => {} })
      try {
        return await work(sql)
      } finally {
        await sql.end({ timeout: 2 })
      }
    },
    end: async () => {
      await thaw()
      await state.server.stop('immediate').catch(() => undefined)
      await rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 })
    },
  }
}

async function familyOf(leader: number): Promise<number[]> {
  const found = [leader]
  for (const name of await readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const stat = await readFile(`/proc/${name}/stat`, 'utf8').catch(() => '')
    const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    if (parent === leader) found.push(Number(name))
  }
  return found
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
