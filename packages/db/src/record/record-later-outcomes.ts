import type { AttemptNotice, DeliveryId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { attemptArrays, type AttemptRow } from './attempt-arrays.ts'
import { noticed } from './noticed.ts'

/** What an attempt from a lane came to. `retry` null: the delivery is settled with `status`. */
export type LaterOutcome = {
  delivery: DeliveryId
  generation: number
  status: number
  err: string | null
  /** What a person is to be told about it. */
  notices: readonly AttemptNotice[]
  attempt: AttemptRow
  retry: { delayMs: number; step: number } | null
}

/**
 * One statement for one flush of outcomes from lanes. Fenced by the attempt number: an outcome whose number is
 * not the next one was recorded before and changes nothing. Status and schedule follow only while no person acted
 * since the send (same generation); one that was ignored since loses its due row, a 2xx that comes after an ignore still makes the delivery delivered, and one
 * that was redelivered meanwhile stays pending and loses its mark. Returns the deliveries that took their outcome.
 */
export async function recordLaterOutcomes(
  sql: SqlOrTransaction,
  outcomes: readonly LaterOutcome[],
): Promise<Set<DeliveryId>> {
  const sorted = [...outcomes].sort((a, b) => a.delivery - b.delivery)
  const a = attemptArrays(sorted)
  const low = sorted[0]?.delivery ?? 0
  const high = sorted.at(-1)?.delivery ?? 0
  const rows = await sql<{ id: DeliveryId }[]>`
    WITH o AS (
      SELECT * FROM unnest(${a.delivery}::bigint[], ${a.generation}::int[], ${sorted.map((o) => o.status)}::smallint[],
        ${sorted.map((o) => o.err)}::text[], ${sorted.map((o) => o.retry?.delayMs ?? null)}::float8[],
        ${sorted.map((o) => o.retry?.step ?? null)}::smallint[], ${a.n}::smallint[], ${a.revision}::int[],
        ${a.sentAtMs}::float8[], ${a.ms}::int[], ${a.code}::smallint[], ${a.err}::text[], ${a.bodyHash}::text[],
        ${a.signature}::text[], string_to_array(${a.responseHeaders}::text, chr(1), ''), ${a.responseBody}::text[])
        AS o(delivery, generation, status, err, delay_ms, step, n, revision, sent_at_ms, ms, code, attempt_err,
          body_hash, signature, response_headers, response_body)
    ),
    taken AS (
      UPDATE deliveries d SET attempts = o.n, last_code = o.code, last_sent_at = to_timestamp(o.sent_at_ms / 1000),
        status = CASE WHEN d.generation = o.generation OR (o.status = 2 AND d.status IN (6, 7, 8)) THEN o.status
          ELSE d.status END,
        err = CASE WHEN d.generation = o.generation OR (o.status = 2 AND d.status IN (6, 7, 8)) THEN o.err
          ELSE d.err END
      FROM o
      WHERE d.id = o.delivery AND d.id >= ${low}::bigint AND d.id <= ${high}::bigint AND d.attempts = o.n - 1
      RETURNING d.id, d.integration, d.subscription, d.generation, d.attempts, d.last_code, d.err,
        d.generation = o.generation AS mine
    )${noticed(sql, sorted, 'taken')},
    attempted AS (
      INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, err, body_hash, signature,
        response_headers, response_body)
      SELECT o.delivery, o.n, o.generation, o.revision, to_timestamp(o.sent_at_ms / 1000), o.ms, o.code, o.attempt_err,
        decode(o.body_hash, 'base64'), o.signature, o.response_headers, decode(o.response_body, 'base64')
      FROM o JOIN taken ON taken.id = o.delivery
    ),
    settled AS (
      DELETE FROM due USING o JOIN taken ON taken.id = o.delivery
      WHERE due.delivery = o.delivery
        AND CASE WHEN taken.mine THEN o.delay_ms IS NULL ELSE due.generation = o.generation END
    ),
    moved AS (
      UPDATE due SET run = NULL, crashes = 0,
        due_at = CASE WHEN taken.mine THEN now() + o.delay_ms * interval '1 millisecond' ELSE due.due_at END,
        step = CASE WHEN taken.mine THEN o.step ELSE due.step END
      FROM o JOIN taken ON taken.id = o.delivery
      WHERE due.delivery = o.delivery
        AND CASE WHEN taken.mine THEN o.delay_ms IS NOT NULL ELSE due.generation <> o.generation END
    )
    SELECT id FROM taken`
  return new Set(rows.map((row) => row.id))
}
