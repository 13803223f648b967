import type { IncomingMessage } from 'node:http'
import { mayCall, type Principal } from '@waybill/db'
import { retryAfter, type BadTokens } from './bad-tokens.ts'
import { problem, type Problem } from './problem.ts'
import type { TokenCache } from './token-cache.ts'

export type Authenticate = (request: IncomingMessage) => Principal | Promise<Principal>

const bearer = /^Bearer +(wbt_[\w-]{1,200}) *$/i
/**
 * Who the request speaks for, by its Authorization header and nothing else. Every refusal is the same 401; an address
 * with too many of them gets 429 for further tokens, without a look-up, unless they are known to be good.
 */
export function createAuthenticate(tokens: TokenCache, badTokens: BadTokens): Authenticate {
  const refuse = (request: IncomingMessage): Problem => {
    const waitMs = badTokens.count(request)
    return waitMs === undefined ? unauthenticated() : tooMany(waitMs)
  }
  return (request) => {
    const token = bearer.exec(request.headers.authorization ?? '')?.[1]
    if (token === undefined) throw unauthenticated()
    const waitMs = badTokens.waits(request, tokens, token)
    if (waitMs !== undefined) throw tooMany(waitMs)
    const found = tokens.find(token)
    if (!(found instanceof Promise)) {
      if (!found) throw refuse(request)
      return admit(found)
    }
    return found.then((principal) => {
      if (!principal) throw refuse(request)
      return admit(principal)
    })
  }
}

function admit(principal: Principal): Principal {
  if (mayCall(principal, 'v1')) return principal
  throw problem('api_not_allowed', 'This token may not call the native API.')
}

const unauthenticated = () =>
  problem('unauthenticated', 'Send a valid token as Authorization: Bearer wbt_….', {
    headers: { 'www-authenticate': 'Bearer realm="waybill"' },
  })

const tooMany = (waitMs: number) =>
  problem('too_many_bad_tokens', 'Too many invalid tokens came from this address; try again later.', {
    headers: retryAfter(waitMs),
  })
