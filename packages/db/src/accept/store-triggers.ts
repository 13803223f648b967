import { asBatchId, idInBlock, type BatchId, type IntegrationId, type TriggerId } from '@waybill/domain'
import { batchFormat } from '../batches/claim-batch.ts'
import type { SqlOrTransaction } from '../open-database.ts'
import { rowArrays, type NewTrigger } from './row-arrays.ts'

/** What one request wants stored: one trigger, or the triggers of one batch call, under at most one key. */
export type AcceptEntry = {
  integration: IntegrationId
  /** SHA-256 of the Idempotency-Key, with the SHA-256 of the request's body. */
  key?: { hash: Buffer; bodyHash: Buffer }
  triggers: NewTrigger[]
}

/**
 * `first`: the entry's triggers have the ids first, first + 1, … `unknown`: the key belongs to an earlier request, and the
 * database failed to say to which; nothing of this entry was stored.
 */
export type AcceptResult =
  | { kind: 'stored'; first: TriggerId; createdAtMs: number }
  | { kind: 'replayed'; first: TriggerId; createdAtMs: number }
  | { kind: 'key_reused' }
  | { kind: 'unknown'; error: unknown }

/** `nowMs`: the database's clock when it stored this. */
export type StoredFlush = {
  batch: BatchId | undefined
  configVersion: number
  nowMs: number
  results: AcceptResult[]
}

/** JSON text holds no raw control characters, so one parameter carries many texts without any escaping. */
const separator = '\u0001'

/**
 * Stores the entries of one flush in one autocommit statement: numbers → keys → triggers → one batch row, with
 * keys in sorted order so that concurrent flushes cannot deadlock on them. Entries that lost their key to an
 * earlier request are answered from that request's row, read in a second statement because the first one's
 * snapshot may be older than the winner's commit. When that one fails the others are stored all the same, so only they
 * are `unknown`: to run all of it again would store the others twice. At most 1,000 triggers in all.
 */
export async function storeTriggers(
  sql: SqlOrTransaction,
  entries: AcceptEntry[],
  bulk: boolean,
): Promise<StoredFlush> {
  const order = entries.map((_, i) => i).sort((a, b) => compareKeys(entries[a], entries[b]))
  const sorted = order.map((i) => entries[i] as AcceptEntry)
  const rows = rowArrays(sorted)
  const [flush] = await sql<
    { base: TriggerId | null; created_at_ms: number; version: number; lost: number[] | null }[]
  >`
    WITH block AS MATERIALIZED (SELECT number() AS base),
    entry AS (
      SELECT * FROM unnest(${rows.entryIntegration}::int[], ${rows.entryKey}::text[], ${rows.entryBody}::text[],
        ${rows.entryFirst}::int[]) WITH ORDINALITY AS e(integration, key, body_hash, first, i)
    ),
    won AS (
      INSERT INTO accept_keys (integration, kind, key, body_hash, trigger)
      SELECT e.integration, 1, decode(e.key, 'hex'), decode(e.body_hash, 'hex'), block.base + e.first
      FROM entry e, block WHERE e.key IS NOT NULL ORDER BY e.i
      ON CONFLICT DO NOTHING RETURNING trigger
    ),
    lost AS MATERIALIZED (
      SELECT e.i FROM entry e, block
      WHERE e.key IS NOT NULL AND block.base + e.first NOT IN (SELECT trigger FROM won)
    ),
    fresh AS MATERIALIZED (
      SELECT block.base + r.i - 1 AS id, r.*
      FROM unnest(${rows.entry}::int[], ${rows.integration}::int[], ${rows.eventId}::smallint[], ${rows.orderId}::text[],
        ${rows.facilityId}::text[], ${rows.search}::text[], ${rows.orderStatus}::smallint[], ${rows.occurrence}::text[],
        string_to_array(${rows.data.join(separator)}::text, chr(1)))
        WITH ORDINALITY AS r(entry, integration, event_id, order_id, facility_id, search, order_status, occurrence, data, i),
        block
      WHERE r.entry NOT IN (SELECT i FROM lost)
    ),
    first_occurrence AS (
      INSERT INTO accept_keys (integration, kind, key, trigger)
      SELECT integration, 2, decode(occurrence, 'hex'), id FROM fresh
      WHERE occurrence IS NOT NULL ORDER BY integration, occurrence, id
      ON CONFLICT DO NOTHING RETURNING trigger
    ),
    stored AS (
      INSERT INTO triggers (id, integration, event_id, order_id, facility_id, search, order_status, occurrence, duplicate,
        created_at, data)
      SELECT id, integration, event_id, order_id, facility_id, search, order_status, decode(occurrence, 'hex'),
        occurrence IS NOT NULL AND id NOT IN (SELECT trigger FROM first_occurrence), now(), data
      FROM fresh
    ),
    batch AS (
      INSERT INTO batches (id, first_trigger, n, v, bulk)
      SELECT block.base, block.base, ${rows.data.length}::int, ${batchFormat}::smallint, ${bulk}::boolean
      FROM block WHERE EXISTS (SELECT FROM fresh)
    )
    SELECT block.base, extract(epoch FROM now())::float8 * 1000 AS created_at_ms, config.version,
      (SELECT array_agg(i::int) FROM lost) AS lost
    FROM block, config`
  if (!flush || flush.base === null) throw new Error('the accept statement returned no row')
  const base = flush.base
  const lost = new Set(flush.lost ?? [])
  const results: AcceptResult[] = []
  const losers: { entry: AcceptEntry; at: number }[] = []
  sorted.forEach((entry, i) => {
    const at = order[i] as number
    if (lost.has(i + 1)) losers.push({ entry, at })
    else
      results[at] = {
        kind: 'stored',
        first: idInBlock(base, rows.entryFirst[i] as number),
        createdAtMs: flush.created_at_ms,
      }
  })
  if (losers.length > 0) await answerLosers(sql, losers, results)
  return {
    // A batch that one flush made has the id of its first trigger.
    batch: losers.length < entries.length ? asBatchId(base) : undefined,
    configVersion: flush.version,
    nowMs: flush.created_at_ms,
    results,
  }
}

async function answerLosers(
  sql: SqlOrTransaction,
  losers: { entry: AcceptEntry; at: number }[],
  results: AcceptResult[],
): Promise<void> {
  for (const { at } of losers)
    results[at] = { kind: 'unknown', error: new Error('the key was purged meanwhile') }
  try {
    await readWinners(sql, losers, results)
  } catch (error) {
    for (const { at } of losers) results[at] = { kind: 'unknown', error }
  }
}

async function readWinners(
  sql: SqlOrTransaction,
  losers: { entry: AcceptEntry; at: number }[],
  results: AcceptResult[],
): Promise<void> {
  const keys = losers.map(({ entry }) => (entry.key as { hash: Buffer }).hash.toString('hex'))
  const integrations = losers.map(({ entry }) => entry.integration)
  const winners = await sql<{ i: number; trigger: TriggerId; body_hash: string; created_at_ms: number }[]>`
    SELECT l.i::int AS i, k.trigger, encode(k.body_hash, 'hex') AS body_hash,
      extract(epoch FROM k.created_at)::float8 * 1000 AS created_at_ms
    FROM unnest(${integrations}::int[], ${keys}::text[]) WITH ORDINALITY AS l(integration, key, i)
    JOIN accept_keys k ON k.integration = l.integration AND k.kind = 1 AND k.key = decode(l.key, 'hex')`
  for (const winner of winners) {
    const loser = losers[winner.i - 1] as { entry: AcceptEntry; at: number }
    const same = loser.entry.key?.bodyHash.toString('hex') === winner.body_hash
    results[loser.at] = same
      ? { kind: 'replayed', first: winner.trigger, createdAtMs: winner.created_at_ms }
      : { kind: 'key_reused' }
  }
}

function compareKeys(a: AcceptEntry | undefined, b: AcceptEntry | undefined): number {
  if (!a?.key) return b?.key ? 1 : 0
  if (!b?.key) return -1
  return a.integration - b.integration || Buffer.compare(a.key.hash, b.key.hash)
}
