import type { IncomingMessage } from 'node:http'

export const base = '/webhooks/v2'

const host = /^(?:[a-z\d](?:[a-z\d.-]{0,252})|\[[\da-f:.]{2,45}\])(?::\d{1,5})?$/i

/**
 * Where the caller sees this service, without a slash at the end. Links are absolute: their host is the one the caller asked,
 * which a proxy tells in X-Forwarded-Host where it does not keep Host, and their scheme is that of X-Forwarded-Proto. Both are
 * believed only in the form of a host and a scheme: they go into the answer to whoever sent them, and no answer is cached.
 */
export function originOf(request: IncomingMessage): string {
  const { headers, socket } = request
  const scheme = firstOf(headers['x-forwarded-proto'])?.toLowerCase() === 'https' ? 'https' : 'http'
  const named = [firstOf(headers['x-forwarded-host']), headers.host].find((one) => one && host.test(one))
  return `${scheme}://${named ?? `${bracketed(socket.localAddress ?? '')}:${socket.localPort ?? 0}`}`
}

/** The query without its question mark, as it came but for what a URI cannot hold, such as the brackets of `where[status]`. */
export function queryOf(url: string): string {
  const start = url.indexOf('?')
  return start < 0 ? '' : url.slice(start + 1).replace(/[^\w.~!$&'()*+,;=:@/?%-]|%(?![\da-f]{2})/gi, escaped)
}

const escaped = (character: string): string =>
  [...Buffer.from(character)].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join('')

/** A proxy behind a proxy adds its own at the end: the first is what the caller used. */
const firstOf = (header: string | string[] | undefined): string | undefined =>
  String(header ?? '')
    .split(',')[0]
    ?.trim()

const bracketed = (address: string) => (address.includes(':') ? `[${address}]` : address)
