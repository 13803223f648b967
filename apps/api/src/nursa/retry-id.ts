import { createHmac } from 'node:crypto'
import type { DeliveryId } from '@waybill/domain'

/** The id of a delivery's n-th attempt. */
export type RetryIds = (delivery: DeliveryId, n: number) => string

/**
 * Ids that are never stored and always the same: UUIDv8 (RFC 9562 §5.8) of an HMAC-SHA-256 over delivery and attempt. They
 * cannot be turned back; nothing is looked up by them.
 */
export function createRetryIds(key: Uint8Array): RetryIds {
  return (delivery, n) => {
    const hex = createHmac('sha256', key).update(`attempt:${delivery}:${n}`).digest('hex')
    const variant = (8 + (parseInt(hex.slice(15, 16), 16) & 3)).toString(16)
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(12, 15)}-${variant}${hex.slice(16, 19)}-${hex.slice(19, 31)}`
  }
}
