import type { IncomingMessage } from 'node:http'
import type { Principal } from '@waybill/db'
import { problem, type Problem } from './problem.ts'
import type { TokenCache } from './token-cache.ts'

export type Authenticate = (request: IncomingMessage) => Principal | Promise<Principal>

const bearer = /^Bearer +(wbt_[\w-]{1,200}) *$/i
const badPerMinute = 20
const minuteMs = 60_000
const maxAddresses = 10_000

/**
 * Who the request speaks for, by its Authorization header and nothing else. Every refusal is the same 401; an address
 * with 20 of them in a minute gets 429 for further bad tokens, never for good ones.
 */
export function createAuthenticate(tokens: TokenCache, monotonic: () => number): Authenticate {
  const bad = new Map<string, { count: number; since: number }>()

  const refuse = (request: IncomingMessage): Problem => {
    const address = request.socket.remoteAddress ?? ''
    const now = monotonic()
    const known = bad.get(address)
    const entry = known && now - known.since < minuteMs ? known : { count: 0, since: now }
    entry.count += 1
    bad.delete(address)
    bad.set(address, entry)
    if (bad.size > maxAddresses) for (const oldest of bad.keys()) if (bad.delete(oldest)) break
    return entry.count > badPerMinute ? tooMany(minuteMs - (now - entry.since)) : unauthenticated()
  }
  return (request) => {
    const token = bearer.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw unauthenticated()
    const found = tokens.find(token)
    if (!(found instanceof Promise)) {
      if (!found) throw refuse(request)
      return found
    }
    return found.then((principal) => {
      if (!principal) throw refuse(request)
      return principal
    })
  }
}

const unauthenticated = () =>
  problem('unauthenticated', 'Send a valid token as Authorization: Bearer wbt_….', {
    headers: { 'www-authenticate': 'Bearer realm="waybill"' },
  })

const tooMany = (waitMs: number) =>
  problem('too_many_bad_tokens', 'Too many invalid tokens came from this address; try again later.', {
    headers: { 'retry-after': String(Math.max(1, Math.ceil(waitMs / 1_000))) },
  })
