import type { PendingQuery, Row } from 'postgres'
import type { IntegrationId, NoticeKind } from '@waybill/domain'
import type { Sql } from '../open-database.ts'

/** A notice as it is read back. `ref` makes it unique within its kind. */
export type NoticeRecord = {
  id: number
  kind: string
  ref: string
  integration: IntegrationId
  details: Record<string, unknown>
  createdAt: Date
  toldAt: Date | null
  note: string | null
}

/** Filters are AND-ed. `before` is the id the page ends in front of. */
export type NoticeFilter = {
  integrations: readonly IntegrationId[]
  kinds?: readonly NoticeKind[]
  before?: number
}

/** One page of notices, newest first. */
export async function listNotices(
  sql: Sql,
  { integrations, kinds, before }: NoticeFilter,
  limit: number,
): Promise<NoticeRecord[]> {
  const parts = [
    kinds && sql`AND kind = ANY(${[...kinds]}::text[])`,
    before !== undefined && sql`AND id < ${before}::int`,
  ]
  const and = parts.reduce<PendingQuery<Row[]>>((all, part) => (part ? sql`${all} ${part}` : all), sql``)
  const rows = await sql<NoticeRecord[]>`
    SELECT id, kind, ref, integration, details, created_at AS "createdAt", sent_at AS "toldAt", note
    FROM notices WHERE integration = ANY(${[...integrations]}::int[]) ${and}
    ORDER BY id DESC LIMIT ${limit}::int`
  return [...rows]
}
