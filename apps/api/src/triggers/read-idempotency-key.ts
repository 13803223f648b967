import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { problem } from '../http/problem.ts'

const shape = /^[\x21-\x7e](?:[\x20-\x7e]{0,253}[\x21-\x7e])?$/

/** The hash of the Idempotency-Key; undefined without one (draft-ietf-httpapi-idempotency-key-header-07). */
export function readIdempotencyKey({ headers, rawHeaders }: IncomingMessage): Buffer | undefined {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  let count = 0
  for (let i = 0; i < rawHeaders.length; i += 2)
    if (rawHeaders[i]?.toLowerCase() === 'idempotency-key') count += 1
  if (count > 1) throw problem('invalid_idempotency_key', 'Send one Idempotency-Key header only.')
  if (typeof key !== 'string' || !shape.test(key))
    throw problem('invalid_idempotency_key', 'An Idempotency-Key has 1 to 255 printable ASCII characters.')
  return createHash('sha256').update(key).digest()
}
