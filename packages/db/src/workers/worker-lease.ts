import type { SqlOrTransaction } from '../open-database.ts'

/** Adds this process to the workers; its id owns what it claims. */
export async function joinWorkers(sql: SqlOrTransaction, host: string): Promise<number> {
  const [row] = await sql<{ id: number }[]>`INSERT INTO workers (host) VALUES (${host}) RETURNING id`
  if (!row) throw new Error('the workers table took no row')
  return row.id
}

/**
 * Says that the worker lives. Returns the database's clock in ms since 1970, or undefined when the row is gone:
 * others have taken over what this worker owned, so it must stop at once.
 */
export async function heartbeat(sql: SqlOrTransaction, worker: number): Promise<number | undefined> {
  const [row] = await sql<{ now_ms: number }[]>`
    UPDATE workers SET seen_at = clock_timestamp() WHERE id = ${worker}::int
    RETURNING extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`
  return row?.now_ms
}

/** A clean exit: frees whatever the worker still owns and removes it. */
export async function leaveWorkers(sql: SqlOrTransaction, worker: number): Promise<void> {
  await sql`
    WITH batch AS (UPDATE batches SET owner = NULL WHERE owner = ${worker}::int),
      lane AS (UPDATE lanes SET owner = NULL WHERE owner = ${worker}::int)
    DELETE FROM workers WHERE id = ${worker}::int`
}

/**
 * Removes workers unseen for `unseenMs` and frees what they owned, in one transaction. The caller must itself have
 * had heartbeats without a gap for as long, so that an outage of the database alone takes nothing from anyone.
 */
export async function takeOverDeadWorkers(
  sql: SqlOrTransaction,
  worker: number,
  unseenMs: number,
): Promise<number[]> {
  const rows = await sql<{ id: number }[]>`
    WITH dead AS (
      DELETE FROM workers
      WHERE id IN (SELECT id FROM workers WHERE seen_at < clock_timestamp() - ${unseenMs}::float8 * interval '1 millisecond'
        AND id <> ${worker}::int ORDER BY id FOR UPDATE SKIP LOCKED)
      RETURNING id
    ),
    batch AS (UPDATE batches SET owner = NULL WHERE owner IN (SELECT id FROM dead)),
    lane AS (UPDATE lanes SET owner = NULL WHERE owner IN (SELECT id FROM dead))
    SELECT id FROM dead`
  return rows.map((row) => row.id)
}

/**
 * Frees what is marked as this worker's but not in its hands: a claim whose answer was lost, or work that ended in
 * an error. Returns how many batches and lanes that were.
 */
export async function releaseUnheld(
  sql: SqlOrTransaction,
  worker: number,
  held: { batches: Iterable<number>; lanes: Iterable<number> },
): Promise<number> {
  const [row] = await sql<{ freed: number }[]>`
    WITH batch AS (
      UPDATE batches SET owner = NULL WHERE owner = ${worker}::int AND id <> ALL(${[...held.batches]}::bigint[])
      RETURNING 1
    ),
    lane AS (
      UPDATE lanes SET owner = NULL
      WHERE owner = ${worker}::int AND subscription <> ALL(${[...held.lanes]}::int[]) RETURNING 1
    )
    SELECT ((SELECT count(*) FROM batch) + (SELECT count(*) FROM lane))::int AS freed`
  return row?.freed ?? 0
}
