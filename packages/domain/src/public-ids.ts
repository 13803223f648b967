import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto'
import type { DeliveryId, SubscriptionId, TriggerId } from './ids.ts'

/** What a public id of each kind stands for. */
export type PublicIdOf = {
  trigger: TriggerId
  delivery: DeliveryId
  subscription: SubscriptionId
  secret: number
  notice: number
}
export type PublicIdKind = keyof PublicIdOf

export type PublicIds = {
  /** @throws RangeError when the id is not an integer in 0…2^53−1. */
  encode<Kind extends PublicIdKind>(kind: Kind, id: PublicIdOf[Kind]): string
  /** The id inside, or undefined for anything that this key did not make for this kind. Letter case is ignored. */
  decode<Kind extends PublicIdKind>(kind: Kind, uuid: string): PublicIdOf[Kind] | undefined
}

const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const MIN_KEY_BYTES = 16

/**
 * Turns row numbers into UUIDs and back without storing anything. The format is UUIDv8 (RFC 9562 §5.8), laid out as:
 * 48 bits id, version, 5 bits id, 7 bits tag, variant, 62 bits tag. The tag is HMAC-SHA-256 over kind and number, so
 * ids sort by time like the numbers do, yet nobody without the key can make one up.
 *
 * @throws RangeError when the key is shorter than 16 bytes.
 */
export function createPublicIds(key: Uint8Array): PublicIds {
  if (key.byteLength < MIN_KEY_BYTES) throw new RangeError(`the key needs at least ${MIN_KEY_BYTES} bytes`)
  const secret = createSecretKey(key)

  function encode<Kind extends PublicIdKind>(kind: Kind, id: PublicIdOf[Kind]): string {
    if (!Number.isSafeInteger(id) || id < 0) throw new RangeError(`not an id: ${id}`)
    const tag = createHmac('sha256', secret).update(`${kind}:${id}`).digest('hex')
    const high = Math.floor(id / 32)
      .toString(16)
      .padStart(12, '0')
    const low = ((id % 32) * 128 + (parseInt(tag.slice(0, 2), 16) & 0x7f)).toString(16).padStart(3, '0')
    const variant = (8 + (parseInt(tag.slice(2, 3), 16) & 3)).toString(16)
    return `${high.slice(0, 8)}-${high.slice(8)}-8${low}-${variant}${tag.slice(3, 6)}-${tag.slice(6, 18)}`
  }

  function decode<Kind extends PublicIdKind>(kind: Kind, uuid: string): PublicIdOf[Kind] | undefined {
    const text = uuid.toLowerCase()
    if (uuid.length !== 36 || !SHAPE.test(text)) return undefined
    const high = parseInt(text.slice(0, 8) + text.slice(9, 13), 16)
    const id = (high * 32 + (parseInt(text.slice(15, 18), 16) >> 7)) as PublicIdOf[Kind]
    return timingSafeEqual(Buffer.from(text), Buffer.from(encode(kind, id))) ? id : undefined
  }

  return { encode, decode }
}
