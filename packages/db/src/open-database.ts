import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import * as schema from './schema/index.ts'

/** The hot path's client: hand-written statements, bigint columns as numbers. */
export type Sql = postgres.Sql<{ bigint: number }>
/** A client or an open transaction of one. */
export type SqlOrTransaction = Sql | postgres.TransactionSql<{ bigint: number }>
export type Orm = PostgresJsDatabase<typeof schema>
export type OrmOrTransaction = Orm | Parameters<Parameters<Orm['transaction']>[0]>[0]

/** `sql` for the hot path, `orm` for everything else; two pools, since Drizzle changes its client's codecs. */
export type Database = { sql: Sql; orm: Orm; close(): Promise<void> }

export type DatabaseOptions = {
  url: string
  applicationName: string
  hotConnections: number
  otherConnections: number
  /** Longest a statement may run on the server, in ms. */
  statementTimeoutMs: number
}

/**
 * Opens the two pools; connects when first used. Statements wait at most 1 s for a lock and a transaction may idle
 * for 5 s. A lost connection fails its statements with a CONNECTION_* code and the pool dials again.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const common = {
    connect_timeout: 3,
    idle_timeout: 0,
    max_lifetime: null,
    keep_alive: 10,
    // Seconds between two tries to connect: an outage must not leave pools asleep for long after its end.
    backoff: () => 0.2 + 0.3 * Math.random(),
    onnotice: () => {},
    connection: {
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: 1_000,
      idle_in_transaction_session_timeout: 5_000,
    },
  } as const
  const hot = postgres(options.url, {
    ...common,
    max: options.hotConnections,
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  const other = postgres(options.url, { ...common, max: options.otherConnections })
  const close = async () => {
    await Promise.all([hot.end({ timeout: 5 }), other.end({ timeout: 5 })])
  }
  return { sql: hot, orm: drizzle(other, { schema }), close }
}
