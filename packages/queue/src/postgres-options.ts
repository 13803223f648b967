import type { PostgresConnection } from 'bullmq'
import type { EventEmitter } from 'node:events'
import type { ClientBase } from 'pg'
import { defaultSchema } from './queue-config.ts'
import type { PostgresQueueConfig } from './queue-config.ts'

/**
 * Commits do not wait for the disk: a wake-up lost in a crash of the server is one the sweep makes up for. Nothing else
 * is written through these connections. They may idle, whatever the role's own setting, most of all the one that LISTENs.
 */
const sessionOptions = '-c synchronous_commit=off -c idle_session_timeout=0'

/**
 * Options of one pool of BullMQ; a Queue takes a pool and a Worker a pool and a connection for LISTEN. The `options` of
 * a URL would replace those BullMQ adds for its schema, so they are taken out of it.
 */
export const postgresOptions = (config: PostgresQueueConfig) => {
  const url = new URL(config.databaseUrl)
  const fromUrl = url.searchParams.get('options')
  url.searchParams.delete('options')
  return {
    connectionString: url.toString(),
    schema: config.schema ?? defaultSchema,
    options: [fromUrl, sessionOptions].filter(Boolean).join(' '),
    max: 2,
    connectionTimeoutMillis: 2_000,
    statement_timeout: 5_000,
    query_timeout: 6_000,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    onConnect: refuseStandby,
  }
}

/** A server that was demoted takes connections and refuses every write: the pool is better off with none. */
async function refuseStandby(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ standby: boolean }>('SELECT pg_is_in_recovery() AS standby')
  if (rows[0]?.standby) throw new Error('the server is a standby')
}

/** PostgreSQL's code of what a standby does not do, LISTEN included. */
const readOnly = '25006'

/**
 * Gives up the connection for LISTEN when it leads to a standby. It is none of the pool's, and BullMQ would keep it for as
 * long as it stands.
 */
export const leaveStandby = async (connection: PostgresConnection, error: Error): Promise<void> => {
  if (!('code' in error) || error.code !== readOnly || connection.isClosing) return
  const listening = await connection.getListenClient().catch(ignore)
  // What it does when the connection breaks is what is wanted here.
  ;(listening as EventEmitter | undefined)?.emit('error', new Error('the server is a standby'))
}

const ignore = (): void => undefined

/** Keeps a terminated connection from ending the process while BullMQ holds it without a listener of its own. */
export const guardPool = (connection: PostgresConnection): void => {
  connection.pool.on('connect', (client) => {
    client.on('error', ignore)
  })
}

/**
 * Closes the pool and the LISTEN connection. BullMQ takes all listeners off the latter before it says goodbye, and a
 * database that shuts down at that moment answers with an error event.
 */
export const closeConnection = async (connection: PostgresConnection): Promise<void> => {
  const listening = connection.isClosing ? undefined : await connection.getListenClient().catch(ignore)
  const closing = connection.close()
  listening?.on('error', ignore)
  await closing
}
