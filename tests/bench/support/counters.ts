import { Redis } from 'ioredis'
import postgres from 'postgres'
import type { Bench } from './bench.ts'

/** Calls, time and rows of one normalised statement. */
export type Statement = { query: string; calls: number; ms: number; rows: number }
export type PostgresCounters = { statements: Map<string, Statement>; walBytes: number }
export type RedisCounters = { evalsha: number; calls: number }

/** A connection of our own, whose statements and CPU are left out of every figure. */
export type PostgresObserver = {
  pid: number
  counters(): Promise<PostgresCounters>
  /** What each server process is for, by process id: a client's name, or the kind of a background process. */
  roles(): Promise<Map<number, string>>
  sql: postgres.Sql
}

export async function observePostgres({ resources }: Bench, url: string): Promise<PostgresObserver> {
  const sql = postgres(url, {
    max: 1,
    idle_timeout: 0,
    max_lifetime: null,
    onnotice: () => {},
    connection: { application_name: 'waybill-bench' },
    types: { bigint: { to: 20, from: [20], serialize: String, parse: Number } },
  })
  resources.add('connection', () => sql.end({ timeout: 5 }))
  await sql`CREATE EXTENSION IF NOT EXISTS pg_stat_statements`
  const [me] = await sql<{ pid: number }[]>`SELECT pg_backend_pid() AS pid`
  return {
    pid: me?.pid ?? 0,
    sql,
    counters: async () => {
      const rows = await sql<(Statement & { id: string })[]>`
        SELECT /* bench */ queryid::text AS id, query, calls::float8 AS calls, total_exec_time AS ms, rows::float8 AS rows
        FROM pg_stat_statements
        WHERE toplevel AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND query NOT LIKE '%/* bench */%'`
      const [wal] = await sql<{ bytes: number }[]>`
        SELECT /* bench */ (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 AS bytes`
      return { statements: new Map(rows.map(({ id, ...rest }) => [id, rest])), walBytes: wal?.bytes ?? 0 }
    },
    roles: async () => {
      const rows = await sql<{ pid: number; role: string }[]>`
        SELECT /* bench */ pid, CASE WHEN backend_type <> 'client backend' THEN backend_type
          WHEN application_name LIKE 'waybill-%' THEN application_name ELSE 'queue' END AS role
        FROM pg_stat_activity`
      return new Map(rows.map(({ pid, role }) => [pid, role]))
    },
  }
}

/** What ran between two readings, most calls first. */
export function statementsBetween(before: PostgresCounters, after: PostgresCounters): Statement[] {
  const ran: Statement[] = []
  for (const [id, { query, calls, ms, rows }] of after.statements) {
    const earlier = before.statements.get(id) ?? { calls: 0, ms: 0, rows: 0 }
    if (calls > earlier.calls)
      ran.push({ query, calls: calls - earlier.calls, ms: ms - earlier.ms, rows: rows - earlier.rows })
  }
  return ran.sort((a, b) => b.calls - a.calls)
}

const ownNames =
  /\b(triggers|batches|deliveries|attempts|due|lanes|config|workers|subscriptions|revisions|secrets|tokens|integrations|accept_keys|notices|retention|audit_log|number|release_lane|ensure_partitions|partition_days_ahead)\b/

/** BullMQ names tables and functions of its own; all else that knows none of ours is its BEGIN, LISTEN and the like. */
export function isQueueStatement({ query }: Statement): boolean {
  return !ownNames.test(query)
}

/** Calls since the server started, scripts' inner calls included: https://redis.io/docs/latest/commands/info/. */
export function observeRedis({ resources }: Bench, url: string): () => Promise<RedisCounters> {
  const redis = new Redis(url)
  resources.add('connection', async () => redis.disconnect())
  return async () => {
    const calls = new Map<string, number>()
    for (const [, name = '', count] of (await redis.info('commandstats')).matchAll(
      /cmdstat_(\S+):calls=(\d+)/g,
    )) {
      if (name !== 'info') calls.set(name, Number(count))
    }
    return { evalsha: calls.get('evalsha') ?? 0, calls: [...calls.values()].reduce((sum, n) => sum + n, 0) }
  }
}
