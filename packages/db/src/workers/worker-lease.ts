import type { BatchId, SubscriptionId, WorkerId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Adds this process to the workers; its id owns what it claims. */
export async function joinWorkers(sql: SqlOrTransaction, host: string): Promise<WorkerId> {
  const [row] = await sql<{ id: WorkerId }[]>`INSERT INTO workers (host) VALUES (${host}) RETURNING id`
  if (!row) throw new Error('the workers table took no row')
  return row.id
}

/**
 * Says that the worker lives. Returns the database's clock in ms since 1970, or undefined when the row is gone:
 * others have taken over what this worker owned, so it must stop at once.
 */
export async function heartbeat(sql: SqlOrTransaction, worker: WorkerId): Promise<number | undefined> {
  const [row] = await sql<{ now_ms: number }[]>`
    UPDATE workers SET seen_at = clock_timestamp() WHERE id = ${worker}::int
    RETURNING extract(epoch FROM clock_timestamp())::float8 * 1000 AS now_ms`
  return row?.now_ms
}

/** A clean exit: frees whatever the worker still owns and removes it. */
export async function leaveWorkers(sql: SqlOrTransaction, worker: WorkerId): Promise<void> {
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
  worker: WorkerId,
  unseenMs: number,
): Promise<WorkerId[]> {
  const rows = await sql<{ id: WorkerId }[]>`
    WITH dead AS (
      DELETE FROM workers
      WHERE id IN (SELECT id FROM workers WHERE seen_at < clock_timestamp() - ${unseenMs}::float8 * interval '1 millisecond'
        AND id <> ${worker}::int ORDER BY id FOR UPDATE SKIP LOCKED)
        AND EXISTS (SELECT FROM workers WHERE id = ${worker}::int
          AND seen_at > clock_timestamp() - ${unseenMs}::float8 * interval '1 millisecond')
      RETURNING id
    ),
    batch AS (UPDATE batches SET owner = NULL WHERE owner IN (SELECT id FROM dead)),
    lane AS (UPDATE lanes SET owner = NULL WHERE owner IN (SELECT id FROM dead))
    SELECT id FROM dead`
  return rows.map((row) => row.id)
}

/**
 * Owners that are no workers any more: a claim of a worker that was removed meanwhile may still have been under way.
 * What they own is freed with {@link freeOwned}.
 */
export async function findStrangers(sql: SqlOrTransaction): Promise<WorkerId[]> {
  const rows = await sql<{ owner: WorkerId }[]>`
    SELECT owner FROM batches WHERE owner IS NOT NULL UNION SELECT owner FROM lanes WHERE owner IS NOT NULL
    EXCEPT SELECT id FROM workers`
  return rows.map((row) => row.owner)
}

/** What is marked as a worker's: batches and lanes by id, each with the number of times it was claimed. */
export type Owned = { batches: Map<BatchId, number>; lanes: Map<SubscriptionId, number> }

type OwnedRow = { runs: number } & ({ lane: false; id: BatchId } | { lane: true; id: SubscriptionId })

export async function findOwned(sql: SqlOrTransaction, worker: WorkerId): Promise<Owned> {
  const rows = await sql<OwnedRow[]>`
    SELECT false AS lane, id, runs::int FROM batches WHERE owner = ${worker}::int
    UNION ALL SELECT true, subscription, runs FROM lanes WHERE owner = ${worker}::int`
  const owned: Owned = { batches: new Map(), lanes: new Map() }
  for (const row of rows) {
    if (row.lane) owned.lanes.set(row.id, row.runs)
    else owned.batches.set(row.id, row.runs)
  }
  return owned
}

/**
 * Frees batches and lanes that are marked as a worker's but in nobody's hands: the answer to their claim was lost, or
 * work on them ended in an error. One claimed anew since it was found has another number of runs and stays. A run that
 * came to no plan is given back, since runs are there to count deaths. Returns how many were freed.
 *
 * @param begun whether work on them may have begun, default true; a run in which nothing was is given back in any case
 */
export async function freeOwned(
  sql: SqlOrTransaction,
  worker: WorkerId,
  owned: Owned,
  begun = true,
): Promise<number> {
  const ids = (of: ReadonlyMap<number, number>) => [...of.keys()]
  const runs = (of: ReadonlyMap<number, number>) => [...of.values()]
  const [row] = await sql<{ freed: number }[]>`
    WITH batch AS (
      UPDATE batches SET owner = NULL,
        runs = batches.runs - (plan IS NULL OR NOT ${begun}::boolean)::int
      FROM unnest(${ids(owned.batches)}::bigint[], ${runs(owned.batches)}::int[]) AS f(id, runs)
      WHERE batches.id = f.id AND batches.runs = f.runs AND owner = ${worker}::int
      RETURNING 1
    ),
    lane AS (
      UPDATE lanes SET owner = NULL
      FROM unnest(${ids(owned.lanes)}::int[], ${runs(owned.lanes)}::int[]) AS f(id, runs)
      WHERE lanes.subscription = f.id AND lanes.runs = f.runs AND owner = ${worker}::int
      RETURNING 1
    )
    SELECT ((SELECT count(*) FROM batch) + (SELECT count(*) FROM lane))::int AS freed`
  return row?.freed ?? 0
}
