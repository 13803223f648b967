import {
  createCipheriv,
  createDecipheriv,
  createHash,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto'
import type { SubscriptionId } from '@waybill/domain'
import type { Sql } from './open-database.ts'

/** Keys derived from the installation's one master key (32 bytes), each for its own use. */
export type MasterKeys = { publicIds: Buffer; secrets: Buffer; secretsKeyId: string; check: Buffer }

export function deriveMasterKeys(masterKey: Uint8Array): MasterKeys {
  const derive = (use: string) => Buffer.from(hkdfSync('sha256', masterKey, 'waybill', use, 32))
  const secrets = derive('secrets')
  return {
    publicIds: derive('public-ids'),
    secrets,
    secretsKeyId: createHash('sha256').update(secrets).digest('hex').slice(0, 8),
    check: derive('check'),
  }
}

/**
 * Ties the database to the master key at its first use, and throws when another key made it: ids and secrets
 * would not survive a change of the key.
 */
export async function checkMasterKey(sql: Sql, keys: MasterKeys): Promise<void> {
  await sql`UPDATE config SET key_check = ${keys.check} WHERE key_check IS NULL`
  const [row] = await sql<{ key_check: Buffer }[]>`SELECT key_check FROM config`
  if (!row || row.key_check.length !== keys.check.length || !timingSafeEqual(row.key_check, keys.check)) {
    throw new Error('this database was made with another WAYBILL_MASTER_KEY')
  }
}

/** AES-256-GCM; the additional data ties a ciphertext to its subscription. Layout: nonce 12, tag 16, text. */
export function sealSecret(keys: MasterKeys, subscription: SubscriptionId, secret: Buffer): Buffer {
  const nonce = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', keys.secrets, nonce)
  cipher.setAAD(Buffer.from(`subscription:${subscription}`))
  const text = Buffer.concat([cipher.update(secret), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text])
}

/** Throws when the ciphertext was not made for this subscription with this key. */
export function openSecret(keys: MasterKeys, subscription: SubscriptionId, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keys.secrets, sealed.subarray(0, 12))
  decipher.setAAD(Buffer.from(`subscription:${subscription}`))
  decipher.setAuthTag(sealed.subarray(12, 28))
  return Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()])
}
