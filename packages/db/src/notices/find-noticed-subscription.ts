import type { IntegrationId, SubscriptionId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Whom a notice is about, and who wants to be told. `profile` is the stored code. */
export type NoticedSubscription = {
  id: SubscriptionId
  integration: IntegrationId
  integrationName: string
  key: string
  name: string
  url: string
  profile: number
  notify: boolean
  notificationEmails: string | null
  deleted: boolean
}

/** Also finds a subscription that was deleted since. */
export async function findNoticedSubscription(
  sql: SqlOrTransaction,
  id: SubscriptionId,
): Promise<NoticedSubscription | undefined> {
  const [row] = await sql<NoticedSubscription[]>`
    SELECT s.id, s.integration, i.name AS "integrationName", s.key, r.name, r.url, s.profile, s.notify,
      s.notification_emails AS "notificationEmails", s.deleted_at IS NOT NULL AS deleted
    FROM subscriptions s
    JOIN revisions r ON r.subscription = s.id AND r.revision = s.revision
    JOIN integrations i ON i.id = s.integration
    WHERE s.id = ${id}::int`
  return row
}
