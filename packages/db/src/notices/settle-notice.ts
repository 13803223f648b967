import type { SqlOrTransaction } from '../open-database.ts'
import type { ClaimedNotice } from './claim-notices.ts'

/** What came of telling a notice. `note` says why nobody was told, or who could not be. */
export type NoticeOutcome =
  | { kind: 'told'; note: string | null }
  | { kind: 'later'; delayMs: number; note: string }
  /** It is never tried again, and `sent_at` stays empty, since nobody was told. */
  | { kind: 'never'; note: string }
  /** The same after failures: operators are to see it, so `code` makes a notice of its own. */
  | { kind: 'given-up'; note: string; code: string }

/** Ends a worker's claim on a notice. False: it was claimed again meanwhile, and what became of it is not ours to say. */
export async function settleNotice(
  sql: SqlOrTransaction,
  { id, tries }: Pick<ClaimedNotice, 'id' | 'tries'>,
  outcome: NoticeOutcome,
): Promise<boolean> {
  const told = outcome.kind === 'told'
  const delayMs = outcome.kind === 'later' ? outcome.delayMs : null
  const code = outcome.kind === 'given-up' ? outcome.code : null
  const rows = await sql`
    WITH settled AS (
      UPDATE notices SET note = ${outcome.note}::text, sent_at = CASE WHEN ${told}::boolean THEN now() END,
        next_try_at = coalesce(now() + ${delayMs}::float8 * interval '1 millisecond', 'infinity')
      WHERE id = ${id}::int AND tries = ${tries}::smallint AND sent_at IS NULL
      RETURNING id, kind, integration, details
    ), failed AS (
      INSERT INTO notices (kind, ref, integration, details, next_try_at, note)
      SELECT 'mail_failed', 'notice.' || id, integration,
        jsonb_build_object('subscription', details -> 'subscription', 'notice', kind, 'code', ${code}::text),
        'infinity', 'for operators, never mailed'
      FROM settled WHERE ${code}::text IS NOT NULL
      ON CONFLICT DO NOTHING
    )
    SELECT id FROM settled`
  return rows.length > 0
}
