import { hostOf, portOf } from './check-url.ts'
import { Exchange } from './exchange.ts'
import type { SendOutcome } from './exchange.ts'
import type { DialTarget } from './guarded-connect.ts'
import type { OriginPool } from './origin-pool.ts'

export interface SendRequest {
  /** As it was checked and stored. Its query is sent byte for byte. */
  url: string
  headers: Record<string, string>
  /** The very text that was signed. */
  body: string
  /** Milliseconds from now until the response's headers, everything included. */
  timeoutMs: number
  /** Requests share connections only with requests of the same key: an integration, say. */
  poolKey?: string
}

export interface SendDestination {
  key: string
  origin: string
  target: DialTarget
}

/** POSTs once and answers what came of it. Never throws, never follows a redirect, never sends twice. */
export function send(
  request: SendRequest,
  poolOf: (to: SendDestination) => OriginPool,
): Promise<SendOutcome> {
  const { url: raw, headers, body, timeoutMs, poolKey = '' } = request
  return new Promise((resolve) => {
    const url = URL.canParse(raw) ? new URL(raw) : undefined
    const path = url ? pathOf(url, raw) : '/'
    const exchange = new Exchange({ method: 'POST', path, headers, body }, timeoutMs, resolve)
    if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
      return exchange.fail('invalid_request', 'send', 'the URL cannot be dialled')
    }
    const key = `${poolKey} ${url.origin}`
    const target = {
      host: hostOf(url),
      port: portOf(url),
      secure: url.protocol === 'https:',
      sessionKey: key,
    }
    poolOf({ key, origin: url.origin, target }).run(exchange)
  })
}

/** Parsers re-encode some characters of a query (`'` becomes `%27`), which breaks signed ones; so it stays as stored. */
function pathOf({ pathname, search }: URL, raw: string): string {
  const [beforeFragment = ''] = raw.split('#', 1)
  const at = beforeFragment.indexOf('?')
  if (at === -1) return pathname
  const query = beforeFragment.slice(at)
  return pathname + (/^[\x21-\x7e]*$/.test(query) ? query : search)
}
