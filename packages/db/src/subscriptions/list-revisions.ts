import type { IntegrationId, SubscriptionId } from '@waybill/domain'
import type { Sql } from '../open-database.ts'

/** What a subscription was called and where it sent, as one of its revisions says. */
export type RevisionRecord = {
  subscription: SubscriptionId
  key: string
  revision: number
  name: string
  url: string
}

/** All revisions of the integration's subscriptions of these profiles, also of those that were deleted. */
export async function listRevisions(
  sql: Sql,
  integration: IntegrationId,
  profiles: readonly number[],
): Promise<RevisionRecord[]> {
  const rows = await sql<RevisionRecord[]>`
    SELECT s.id AS subscription, s.key, r.revision, r.name, r.url
    FROM subscriptions s JOIN revisions r ON r.subscription = s.id
    WHERE s.integration = ${integration}::int AND s.profile = ANY(${[...profiles]}::smallint[])`
  return [...rows]
}
