import type { IntegrationId } from '@waybill/domain'
import type { SqlOrTransaction } from '../open-database.ts'

/** Leaves a notice for operators that a mail could not be sent; it is read back, never mailed itself. */
export async function recordMailFailure(
  sql: SqlOrTransaction,
  integration: IntegrationId,
  ref: string,
  details: { key: string; code: string },
): Promise<void> {
  await sql`
    INSERT INTO notices (kind, ref, integration, details, next_try_at, note)
    VALUES ('mail_failed', ${ref}::text, ${integration}::int,
      jsonb_build_object('key', ${details.key}::text, 'code', ${details.code}::text), 'infinity',
      'for operators, never mailed')`
}
