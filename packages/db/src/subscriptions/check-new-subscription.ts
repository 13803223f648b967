import type { IntegrationId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Whether a subscription with this key could be made now. Another one may still take the key before it is. */
export async function checkNewSubscription(
  sql: SqlOrTransaction,
  integration: IntegrationId,
  key: string,
): Promise<'free' | 'key_taken' | 'no_integration'> {
  const [row] = await sql<{ known: boolean; taken: boolean }[]>`
    SELECT EXISTS (SELECT FROM integrations WHERE id = ${integration}::int) AS known,
      EXISTS (SELECT FROM subscriptions
        WHERE integration = ${integration}::int AND key = ${key}::text AND deleted_at IS NULL) AS taken`
  if (!row?.known) return 'no_integration'
  return row.taken ? 'key_taken' : 'free'
}
