import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { arrayTypes, type ArrayTypes } from './array-types.ts'
import * as schema from './schema/index.ts'
import { sessionSettings } from './session-settings.ts'
import { watchStatements } from './watch-statements.ts'

type Types = { bigint: number } & ArrayTypes

/** The hot path's client: hand-written statements, bigint columns as numbers. */
export type Sql = postgres.Sql<Types>
/** A client or an open transaction of one. */
export type SqlOrTransaction = Sql | postgres.TransactionSql<Types>
export type Orm = PostgresJsDatabase<typeof schema>
export type OrmOrTransaction = Orm | Parameters<Parameters<Orm['transaction']>[0]>[0]

/**
 * `sql` for the hot path, `read` for queries that callers can make slow, `write` for changes that callers ask for, which
 * can wait for each other's locks, `orm` for everything else, `auth` for finding out who calls. Drizzle has pools of its
 * own because it changes its client's codecs; the others are apart so that what waits in one keeps no other waiting.
 */
export type Database = { sql: Sql; read: Sql; write: Sql; orm: Orm; auth: Orm; close(): Promise<void> }

export type DatabaseOptions = {
  url: string
  applicationName: string
  hotConnections: number
  otherConnections: number
  /** Without it `read` is `sql`. */
  readConnections?: number
  /** Without it `write` is `sql`. */
  writeConnections?: number
  /** Without it `auth` is `orm`. */
  authConnections?: number
  /** Longest a statement may run on the server, in ms. */
  statementTimeoutMs: number
  /** Told of statements that the server should long have ended and that got no answer: their connections lead nowhere. */
  onSilent?: () => void
  /** Told of statements that a server refused which takes no writes. */
  onReadOnly?: () => void
}

/** How long after its time a statement may still be answered. */
const graceMs = 5_000

/**
 * Opens the pools; connects when first used. Statements wait at most 1 s for a lock and a transaction may idle
 * for 5 s. A lost connection fails its statements with a CONNECTION_* code and the pool dials again.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const common = {
    connect_timeout: 3,
    idle_timeout: 0,
    max_lifetime: null,
    keep_alive: 10,
    // A server that was demoted takes connections and refuses every write: better none, until the address leads elsewhere.
    target_session_attrs: 'primary',
    // Seconds between two tries to connect: an outage must not leave pools asleep for long after its end.
    backoff: () => 0.2 + 0.3 * Math.random(),
    onnotice: () => {},
    // See array-types.ts.
    fetch_types: false,
    connection: {
      ...sessionSettings,
      application_name: options.applicationName,
      statement_timeout: options.statementTimeoutMs,
      lock_timeout: 1_000,
      idle_in_transaction_session_timeout: 5_000,
    },
  } as const
  // After five runs one plan would do for all parameters, which for lists and searches can be many times too slow.
  const planningAnew = { ...common.connection, plan_cache_mode: 'force_custom_plan' }
  const types = { bigint: { to: 20, from: [20], serialize: String, parse: Number }, ...arrayTypes }
  const { hotConnections, otherConnections, onSilent = () => {} } = options
  const watch = <Client extends Sql | postgres.Sql>(client: Client): Client =>
    watchStatements(client, options.statementTimeoutMs + graceMs, onSilent, options.onReadOnly)
  const open = (max: number, connection: object = common.connection): Sql =>
    watch(postgres(options.url, { ...common, connection, max, types }))
  const openOther = (max: number) => watch(postgres(options.url, { ...common, max }))
  const unless = <Pool>(max: number | undefined, make: (max: number) => Pool, shared: Pool): Pool =>
    max === undefined ? shared : make(max)
  const sql = open(hotConnections)
  const read = unless(options.readConnections, (max) => open(max, planningAnew), sql)
  const write = unless(options.writeConnections, (max) => open(max), sql)
  const other = openOther(otherConnections)
  const auth = unless(options.authConnections, openOther, other)
  const close = async () => {
    const pools = new Set<{ end(options: { timeout: number }): Promise<void> }>([
      sql,
      read,
      write,
      other,
      auth,
    ])
    await Promise.all([...pools].map((pool) => pool.end({ timeout: 5 })))
  }
  const orm = drizzle(other, { schema })
  return { sql, read, write, orm, auth: auth === other ? orm : drizzle(auth, { schema }), close }
}
