import type { IncomingMessage } from 'node:http'
import { isIP } from 'node:net'

/** The address that limits count a request for; callers of one address share them. */
export type CallerAddress = (request: IncomingMessage) => string

/**
 * Behind `trustedProxies` proxies, each of which adds the address it was called from to the end of X-Forwarded-For, the
 * caller is the entry that the outermost of them added: so many from the right. What stands left of it, the caller wrote.
 * A header without such an entry, or with none that is an address, is not one of these proxies': then it is the socket's.
 */
export function createCallerAddress(trustedProxies: number): CallerAddress {
  return ({ headers, socket }) => {
    const peer = socket.remoteAddress ?? ''
    if (trustedProxies === 0) return peer
    const entries = String(headers['x-forwarded-for'] ?? '').split(',')
    const named = entries.at(-trustedProxies)?.trim() ?? ''
    return isIP(named) === 0 ? peer : named
  }
}
