import type { IncomingMessage } from 'node:http'
import { mayCall, sessionPrefix, type Principal, type SessionRecord } from '@waybill/db'
import type { BadTokens } from '../../http/bad-tokens.ts'
import type { TokenCache } from '../../http/token-cache.ts'
import { PlanomaticRefusal, PlanomaticTooMany } from '../envelope.ts'
import type { Sessions } from './create-sessions.ts'
import { sessionJson } from './session-json.ts'

export type CallerDeps = { tokens: TokenCache; sessions: Sessions; badTokens: BadTokens }

/** Who a call speaks for: `token` is the token of an application or of a session. */
export async function findCaller(
  deps: CallerDeps,
  request: IncomingMessage,
  token: string,
): Promise<Principal> {
  if (isSessionToken(token)) return toPrincipal(await findLivingSession(deps, request, token), token)
  const principal = await findToken(deps, deps.tokens, request, token)
  if (!mayCall(principal, 'planomatic')) throw new PlanomaticRefusal('invalid-token')
  return principal
}

export const isSessionToken = (token: string): boolean => token.startsWith(sessionPrefix)

/** The session of a token, also of a user without a role. */
export async function findLivingSession(
  deps: Pick<CallerDeps, 'sessions' | 'badTokens'>,
  request: IncomingMessage,
  token: string,
): Promise<SessionRecord> {
  const session = await findToken(deps, deps.sessions, request, token)
  if (session.isOver) throw new PlanomaticRefusal('session-expired')
  return session
}

/** What a token stands for. An address with too many bad ones is refused before the database is asked about a new one. */
export async function findToken<T>(
  { badTokens }: Pick<CallerDeps, 'badTokens'>,
  tokens: TokenCache<T>,
  request: IncomingMessage,
  token: string,
): Promise<T> {
  const waitMs = badTokens.waits(request, tokens, token)
  if (waitMs !== undefined) throw new PlanomaticTooMany('invalid-token', waitMs)
  const found = await tokens.find(token)
  if (found !== undefined) return found
  const waitsMs = badTokens.count(request)
  throw waitsMs === undefined
    ? new PlanomaticRefusal('invalid-token')
    : new PlanomaticTooMany('invalid-token', waitsMs)
}

function toPrincipal(session: SessionRecord, token: string): Principal {
  const { email, roles, integrations } = session.user
  if (roles.length === 0)
    throw new PlanomaticRefusal('client-required', [], { session: sessionJson(session, token) })
  return {
    kind: 'session',
    tokenId: session.id,
    name: email,
    integrations: new Set(integrations),
    scopes: new Set(['planomatic'] as const),
    email,
  }
}
