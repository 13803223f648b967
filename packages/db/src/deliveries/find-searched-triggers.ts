import { searchText, type IntegrationId, type TriggerId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'
import { holdsText, type TriggerText } from './jobs-query.ts'

/** More triggers than this are not named one by one. */
const most = 2_000

/** A search text that the trigram index can be asked for: three letters, where a word's edge counts as one or two. */
const indexed = /[a-z\d]{3}|[^a-z\d][a-z\d]|[a-z\d]{2}[^a-z\d]/i

/**
 * The integration's order triggers that hold the text; undefined when there are more than can be named, or when only
 * reading all of them would tell.
 */
export async function findSearchedTriggers(
  sql: Sql,
  integration: IntegrationId,
  text: TriggerText,
): Promise<TriggerId[] | undefined> {
  if (!indexed.test(searchText(text.term))) return undefined
  const [row] = await sql<{ ids: TriggerId[] | null }[]>`
    SELECT array_agg(id) AS ids FROM (
      SELECT t.id FROM triggers t WHERE t.integration = ${integration}::int AND ${holdsText(sql, text)}
      LIMIT ${most + 1}::int) AS found`
  const ids = row?.ids ?? []
  return ids.length > most ? undefined : ids
}
