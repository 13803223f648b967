import type {
  AttemptNotice,
  BatchId,
  DeliveryId,
  IntegrationId,
  SubscriptionId,
  TriggerId,
  WorkerId,
} from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'
import { attemptArrays, type AttemptRow } from './attempt-arrays.ts'
import { noticed } from './noticed.ts'

/** The first thing known of a planned delivery: sent once, or not sent and why. */
export type FirstOutcome = {
  delivery: DeliveryId
  trigger: TriggerId
  integration: IntegrationId
  subscription: SubscriptionId
  revision: number
  profile: number
  status: number
  eventId: number
  orderStatus: number | null
  /** When its trigger was accepted, in ms since 1970. */
  createdAtMs: number
  err: string | null
  /** What a person is to be told about it. */
  notices: readonly AttemptNotice[]
  attempt: AttemptRow | null
  /** Present while the delivery is not settled: it becomes due after `delayMs` on the database's clock; see the table for `expires_at`. */
  due: { delayMs: number; expiresAtMs: number; step: number; crashes: number } | null
}

type Due = NonNullable<FirstOutcome['due']>

/**
 * One statement for one flush: deliveries that are not there yet, then for exactly those their attempts, due rows
 * and lanes; last the batches whose outcomes end with this flush. Repeating a flush changes nothing, and what an
 * earlier owner of a batch recorded is never overwritten. Fails where what is there is of another trigger or subscription.
 * Returns how many deliveries were new.
 */
export async function recordFirstOutcomes(
  sql: SqlOrTransaction,
  worker: WorkerId,
  outcomes: readonly FirstOutcome[],
  finishedBatches: readonly BatchId[],
): Promise<number> {
  const sorted = [...outcomes].sort((a, b) => a.delivery - b.delivery)
  const col = <K extends keyof FirstOutcome>(key: K) => sorted.map((outcome) => outcome[key])
  const a = attemptArrays(
    sorted.flatMap(({ delivery, attempt }) => (attempt ? [{ delivery, generation: 1, attempt }] : [])),
  )
  const open = sorted.filter((outcome): outcome is FirstOutcome & { due: Due } => outcome.due !== null)
  const [result] = await sql<{ recorded: number }[]>`
    WITH o AS (
      SELECT * FROM unnest(${col('delivery')}::bigint[], ${col('trigger')}::bigint[], ${col('integration')}::int[],
        ${col('subscription')}::int[], ${col('revision')}::int[], ${col('profile')}::smallint[],
        ${col('status')}::smallint[], ${col('eventId')}::smallint[], ${col('orderStatus')}::smallint[],
        ${col('err')}::text[], ${col('createdAtMs')}::float8[])
        AS o(id, trigger, integration, subscription, revision, profile, status, event_id, order_status, err, created_at_ms)
    ),
    a AS (
      SELECT * FROM unnest(${a.delivery}::bigint[], ${a.n}::smallint[], ${a.revision}::int[], ${a.sentAtMs}::float8[],
        ${a.ms}::int[], ${a.code}::smallint[], ${a.err}::text[], ${a.bodyHash}::text[], ${a.signature}::text[],
        string_to_array(${a.responseHeaders}::text, chr(1), ''), ${a.responseBody}::text[])
        AS a(delivery, n, revision, sent_at_ms, ms, code, err, body_hash, signature, response_headers, response_body)
    ),
    recorded AS (
      INSERT INTO deliveries (id, trigger, integration, subscription, revision, profile, status, event_id, order_status,
        generation, attempts, last_code, err, created_at, last_sent_at)
      SELECT o.id, o.trigger, o.integration, o.subscription, o.revision, o.profile, o.status, o.event_id,
        o.order_status, 1, coalesce(a.n, 0), a.code, o.err, to_timestamp(o.created_at_ms / 1000),
        to_timestamp(a.sent_at_ms / 1000)
      FROM o LEFT JOIN a ON a.delivery = o.id
      ON CONFLICT (id) DO NOTHING RETURNING id, integration, subscription, generation, attempts, last_code, err
    )${noticed(sql, sorted, 'recorded')},
    attempted AS (
      INSERT INTO attempts (delivery, n, generation, revision, sent_at, ms, code, err, body_hash, signature,
        response_headers, response_body)
      SELECT a.delivery, a.n, 1, a.revision, to_timestamp(a.sent_at_ms / 1000), a.ms, a.code, a.err,
        decode(a.body_hash, 'base64'), a.signature, a.response_headers, decode(a.response_body, 'base64')
      FROM a JOIN recorded ON recorded.id = a.delivery
    ),
    made_due AS (
      INSERT INTO due (delivery, subscription, due_at, expires_at, step, generation, crashes)
      SELECT u.delivery, u.subscription, now() + u.delay_ms * interval '1 millisecond',
        to_timestamp(u.expires_at_ms / 1000), u.step, 1, u.crashes
      FROM unnest(${open.map((o) => o.delivery)}::bigint[], ${open.map((o) => o.subscription)}::int[],
        ${open.map((o) => o.due.delayMs)}::float8[], ${open.map((o) => o.due.expiresAtMs)}::float8[],
        ${open.map((o) => o.due.step)}::smallint[], ${open.map((o) => o.due.crashes)}::smallint[])
        AS u(delivery, subscription, delay_ms, expires_at_ms, step, crashes)
      JOIN recorded ON recorded.id = u.delivery
      RETURNING subscription, due_at
    ),
    woken AS (
      INSERT INTO lanes (subscription, next_due_at)
      SELECT subscription, min(due_at) FROM made_due GROUP BY subscription ORDER BY subscription
      ON CONFLICT (subscription) DO UPDATE SET next_due_at = least(lanes.next_due_at, excluded.next_due_at)
    ),
    finished AS (
      DELETE FROM batches WHERE id = ANY(${[...finishedBatches]}::bigint[]) AND owner = ${worker}::int
    )
    SELECT count(*)::int AS recorded, CASE WHEN count(*) < ${sorted.length}::int THEN
      (SELECT refuse_strangers(array_agg(id), array_agg(trigger), array_agg(subscription)) FROM o) END
    FROM recorded`
  return result?.recorded ?? 0
}
