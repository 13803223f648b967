import type { IncomingMessage } from 'node:http'
import { mayCall, type Principal } from '@waybill/db'
import { retryAfter, type BadTokens } from '../http/bad-tokens.ts'
import type { TokenCache } from '../http/token-cache.ts'
import { forbidden, tooManyBadTokens, unauthenticated } from './refusal.ts'

/** Who calls; `application` is the token's id where the caller named it. */
export type Caller = { principal: Principal; application: number | null; method: 'HTTPBasic' | 'OAuth2' }

export type AuthenticateDeps = { tokens: TokenCache; badTokens: BadTokens }

const scheme = /^(basic|bearer) +([\w+/=~.-]{1,512}) *$/i
const token = /^wbt_[\w-]{1,200}$/
const applicationId = /^[1-9]\d{0,9}$/

/**
 * The caller by HTTP Basic with the application's id and its token, or by the token alone as a bearer ("Authentication",
 * https://api.planningcenteronline.com/docs/overview/authentication). An id beside another application's token is a bad one.
 */
export async function authenticateApplication(
  { tokens, badTokens }: AuthenticateDeps,
  request: IncomingMessage,
): Promise<Caller> {
  const given = readCredentials(request.headers.authorization)
  if (!given || !token.test(given.token)) throw unauthenticated()
  const refuse = (waitMs: number | undefined) =>
    waitMs === undefined ? unauthenticated() : tooManyBadTokens(retryAfter(waitMs))
  const waitMs = badTokens.waits(request, tokens, given.token)
  if (waitMs !== undefined) throw refuse(waitMs)
  const principal = await tokens.find(given.token)
  if (!principal || (given.id !== undefined && given.id !== String(principal.tokenId)))
    throw refuse(badTokens.count(request))
  if (!mayCall(principal, 'planning-center'))
    throw forbidden('This token may not call the Planning Center API.')
  return given.id === undefined
    ? { principal, application: null, method: 'OAuth2' }
    : { principal, application: principal.tokenId, method: 'HTTPBasic' }
}

function readCredentials(header = ''): { id?: string; token: string } | undefined {
  const [, kind, credentials = ''] = scheme.exec(header) ?? []
  if (kind === undefined) return undefined
  if (kind.toLowerCase() === 'bearer') return { token: credentials }
  const [id = '', ...rest] = Buffer.from(credentials, 'base64').toString('utf8').split(':')
  return applicationId.test(id) ? { id, token: rest.join(':') } : undefined
}
