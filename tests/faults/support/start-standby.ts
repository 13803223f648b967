import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@waybill/embedded'
import { eventually } from '@waybill/testing'
import postgres from 'postgres'
import { copyRunning, ownLike } from './copy-cluster.ts'
import type { FaultProxy } from './fault-proxy.ts'
import type { PrivatePostgres } from './private-postgres.ts'
import type { FaultContext } from './scenario.ts'

/** What a server needs so that a standby can be built from it. */
export const primarySettings = { wal_keep_size: '1GB', hot_standby_feedback: 'on' }

export type PostgresServer = Pick<PrivatePostgres, 'url' | 'dataDir' | 'asAdmin' | 'stop'>
export type Standby = PostgresServer & {
  /** It takes writes when this resolves. */
  promote(): Promise<void>
}

/**
 * Builds a standby of a server that runs and waits until it streams from it by way of `link`. It has the primary's roles and
 * passwords, so that a client only needs its address.
 */
export async function startStandby(
  context: FaultContext,
  primary: PostgresServer,
  link: FaultProxy,
): Promise<Standby> {
  const dataDir = await mkdtemp(join(tmpdir(), 'waybill-fault-pg-'))
  context.cleanUp(() => rm(dataDir, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 }))
  await copyRunning(primary, dataDir)
  const settings = { ...primarySettings, primary_conninfo: conninfo(link.route(primary.url)) }
  const server = await startEmbeddedPostgres({ dataDir, logger: () => {}, settings })
  context.cleanUp(() => server.stop('immediate'))
  await streams(primary)
  const asAdmin: Standby['asAdmin'] = async (work) => {
    const sql = postgres(server.url, { max: 1, onnotice: () => {} })
    try {
      return await work(sql)
    } finally {
      await sql.end({ timeout: 2 })
    }
  }
  return {
    url: server.url,
    dataDir,
    asAdmin,
    stop: (mode) => server.stop(mode),
    promote: async () => {
      const [row] = await asAdmin((sql) => sql<{ done: boolean }[]>`SELECT pg_promote(true, 60) AS done`)
      if (!row?.done) throw new Error('the standby was not promoted within 60 s')
    },
  }
}

/** From its next start on the server follows `primary` and takes no writes. */
export async function demote(server: PostgresServer, primary: PostgresServer): Promise<void> {
  const cluster = join(server.dataDir, 'data')
  // As ALTER SYSTEM writes it; the last entry counts.
  await writeFile(
    join(cluster, 'postgresql.auto.conf'),
    `primary_conninfo = '${conninfo(primary.url).replaceAll("'", "''")}'\n`,
  )
  await writeFile(join(cluster, 'standby.signal'), '')
  for (const name of ['postgresql.auto.conf', 'standby.signal'])
    await ownLike(join(cluster, 'PG_VERSION'), join(cluster, name))
}

/** Resolves once somebody streams from the server. */
async function streams(primary: PostgresServer): Promise<void> {
  await primary.asAdmin((sql) =>
    eventually(
      async () => (await sql`SELECT FROM pg_stat_replication WHERE state = 'streaming'`).length > 0,
      { timeoutMs: 60_000 },
    ),
  )
}

function conninfo(url: string): string {
  const { hostname, port, username, password } = new URL(url)
  return `host=${hostname} port=${port} user=${username} password=${password} application_name=standby`
}
