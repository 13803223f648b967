import type { IncomingMessage } from 'node:http'
import { mayCall, type Principal } from '@waybill/db'
import { retryAfter, type BadTokens } from '../http/bad-tokens.ts'
import type { TokenCache } from '../http/token-cache.ts'
import { NursaRefusal } from './nursa-refusal.ts'

export type NursaAuthDeps = { tokens: TokenCache; badTokens: BadTokens }

const bearer = /^Bearer +(wbt_[\w-]{1,200}) *$/i

/** Who the request speaks for: 401 without a living token, 403 when the token may not call this API. */
export async function authenticateNursa(
  { tokens, badTokens }: NursaAuthDeps,
  request: IncomingMessage,
): Promise<Principal> {
  const token = bearer.exec(request.headers.authorization ?? '')?.[1]
  if (token === undefined) throw unauthorized()
  const waitMs = badTokens.waits(request, tokens, token)
  if (waitMs !== undefined) throw tooMany(waitMs)
  const principal = await tokens.find(token)
  if (!principal) {
    const waitsMs = badTokens.count(request)
    throw waitsMs === undefined ? unauthorized() : tooMany(waitsMs)
  }
  if (!mayCall(principal, 'nursa') || principal.integrations.size === 0) throw forbidden()
  return principal
}

const unauthorized = () =>
  new NursaRefusal(401, 'Unauthorized', { 'www-authenticate': 'Bearer realm="waybill"' })

const tooMany = (waitMs: number) => new NursaRefusal(429, 'Too Many Requests', retryAfter(waitMs))

export const forbidden = () => new NursaRefusal(403, 'Forbidden Resource')
