import { eq } from 'drizzle-orm'
import type { SubscriptionId } from '@waybill/domain'
import { openSecret, sealSecret, type MasterKeys } from '../master-key.ts'
import type { OrmOrTransaction, SqlOrTransaction } from '../open-database.ts'
import { secrets } from '../schema/index.ts'

/** Stores secrets sealed; the first one given is the newest. */
export async function addSecrets(
  tx: OrmOrTransaction,
  keys: MasterKeys,
  subscription: SubscriptionId,
  clear: readonly Buffer[],
): Promise<void> {
  for (const secret of [...clear].reverse()) {
    const ciphertext = sealSecret(keys, subscription, secret)
    await tx.insert(secrets).values({ subscription, ciphertext, keyId: keys.secretsKeyId })
  }
}

/** Puts these in the place of all it had: the next attempt is signed with them and no others. */
export async function replaceSecrets(
  tx: OrmOrTransaction,
  keys: MasterKeys,
  subscription: SubscriptionId,
  clear: readonly Buffer[],
): Promise<void> {
  await tx.delete(secrets).where(eq(secrets.subscription, subscription))
  await addSecrets(tx, keys, subscription, clear)
}

/** The living secrets of these subscriptions in clear, the newest first. Throws where one cannot be opened. */
export async function readSecrets(
  sql: SqlOrTransaction,
  keys: MasterKeys,
  subscriptions: readonly SubscriptionId[],
): Promise<Map<SubscriptionId, Buffer[]>> {
  const found = new Map<SubscriptionId, Buffer[]>(subscriptions.map((id) => [id, []]))
  if (subscriptions.length === 0) return found
  const rows = await sql<{ subscription: SubscriptionId; ciphertext: Buffer }[]>`
    SELECT subscription, ciphertext FROM secrets
    WHERE subscription = ANY(${[...subscriptions]}::int[]) AND (expires_at IS NULL OR expires_at > now())
    ORDER BY id DESC`
  for (const { subscription, ciphertext } of rows)
    found.get(subscription)?.push(openSecret(keys, subscription, ciphertext))
  return found
}
