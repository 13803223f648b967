import { sql } from 'drizzle-orm'
import { raiseConfigVersion } from '../config-version.ts'
import type { MasterKeys } from '../master-key.ts'
import { inTransaction } from '../in-transaction.ts'
import type { Orm } from '../open-database.ts'
import { pgErrorCode } from '../pg-error.ts'
import { auditLog, revisions, subscriptions, subscriptionState } from '../schema/index.ts'
import { addSecrets } from './subscription-secrets.ts'
import { findSubscription, type SubscriptionRecord } from './subscription-record.ts'

/** What its maker says of a subscription; the rest of its record comes with it. */
export type NewSubscription = Omit<
  SubscriptionRecord,
  'id' | 'revision' | 'createdAt' | 'updatedAt' | 'application'
> & {
  application?: number | null
  /** Signing secrets in clear, stored sealed. */
  secrets: Buffer[]
}

/** Makes a subscription with its first revision and secrets; 'key_taken' when the integration has the key. */
export async function createSubscription(
  orm: Orm,
  keys: MasterKeys,
  actor: string,
  wanted: NewSubscription,
): Promise<SubscriptionRecord | 'key_taken'> {
  const { name, url, view, secrets: clear, state, ...columns } = wanted
  try {
    return await inTransaction(orm, async (tx) => {
      const changedVersion = await raiseConfigVersion(tx)
      const [row] = await tx
        .insert(subscriptions)
        .values({
          ...columns,
          state: subscriptionState[state],
          pausedAt: state === 'paused' ? sql`now()` : null,
          revision: 1,
          changedVersion,
        })
        .returning({ id: subscriptions.id })
      if (!row) throw new Error('the subscriptions table took no row')
      await tx.insert(revisions).values({ subscription: row.id, revision: 1, name, url, view })
      await addSecrets(tx, keys, row.id, clear)
      await tx.insert(auditLog).values({
        actor,
        integration: wanted.integration,
        action: 'subscription.created',
        target: String(row.id),
        details: { key: wanted.key, profile: wanted.profile },
      })
      const made = await findSubscription(tx, wanted.integration, row.id)
      if (!made) throw new Error('the new subscription cannot be read')
      return made
    })
  } catch (error) {
    if (pgErrorCode(error) === '23505') return 'key_taken'
    throw error
  }
}
