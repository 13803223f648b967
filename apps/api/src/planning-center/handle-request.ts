import { actorOf } from '@waybill/db'
import type { Request, RequestHandler, Response } from 'express'
import type { Logger } from '@waybill/runtime'
import { startAnswerTime } from '../http/answer-time.ts'
import { askStorage } from '../http/ask-storage.ts'
import type { CallerAddress } from '../http/caller-address.ts'
import { kindOf, type CallGate } from '../http/create-call-gate.ts'
import { CallerGone } from '../http/read-body.ts'
import { requestId } from '../http/request-id.ts'
import { sendAnswer } from '../http/send-answer.ts'
import { mayBeAway } from '../http/to-problem.ts'
import { hasTooManyHeaders, maxHeaders } from '../http/too-many-headers.ts'
import { base, originOf } from './address-of.ts'
import { newest, readVersion } from './api-version.ts'
import { authenticateApplication, type AuthenticateDeps } from './authenticate-application.ts'
import type { Answer, Call, Prefix, Route } from './call.ts'
import { callerKey, type RateLimit } from './create-rate-limit.ts'
import { farOffset, readOffset } from './list-query.ts'
import { readAttributes } from './read-attributes.ts'
import { tooManyHeaders, toRefusal, unsupportedVersion, type PlanningCenterRefusal } from './refusal.ts'
import { sendPieces, whileAwaited } from '../http/send-pieces.ts'

export type HandleDeps = AuthenticateDeps & {
  planningCenterRate: RateLimit
  callerAddress: CallerAddress
  calls: CallGate
  monotonic: () => number
  refuseWhileAway: () => void
  suspect: () => void
  logger: Pick<Logger, 'warn' | 'error' | 'debug'>
}

/** A route below the base; `prefix` is the path of subscriptions it was mounted under. */
export type MountedRoute = Route & { prefix?: Prefix }
/** Headers that go out with whatever is answered, filled in as they become known. */
type Sent = Record<string, string>

const contentType = { 'content-type': 'application/vnd.api+json; charset=utf-8' }

/** Admit → read → handle → answer; whatever is thrown is answered in the dialect's words. */
export function handleRequest(deps: HandleDeps, route: MountedRoute): RequestHandler {
  const kind = kindOf(route.method)
  return async (request, response) => {
    response.locals['route'] = base + route.path
    const timeLeft = startAnswerTime(deps.monotonic)
    const sent: Sent = { 'cache-control': 'no-store' }
    const over = whileAwaited(response)
    const { signal } = over
    try {
      const admitted = await admit(deps, route, request, sent)
      const leftMs = timeLeft()
      const attributes = route.takesBody ? await readAttributes(request) : {}
      const handled = deps.calls(kind, () => route.handle({ ...admitted, attributes, signal }))
      const answer = await askStorage(deps, handled, leftMs, over)
      await send(request, response, signal, { ...answer, headers: { ...sent, ...answer.headers } })
    } catch (error) {
      if (error instanceof CallerGone) return void response.destroy()
      const { status, errors, headers } = await refuse(deps, request, sent, error)
      // Half an answer cannot become another one: that it breaks off is all that can be said.
      if (response.headersSent) return void response.destroy()
      sendAnswer(request, response, { status, body: { errors }, headers: { ...sent, ...headers } })
    }
  }
}

async function send(
  request: Request,
  response: Response,
  signal: AbortSignal,
  { status, document: body, text, rest, headers }: Answer,
): Promise<void> {
  const all = { ...(body || text !== undefined ? contentType : {}), ...headers }
  if (text === undefined) sendAnswer(request, response, { status, body, headers: all })
  else if (rest) await sendPieces(request, response, signal, { status, headers: all, text, rest })
  else sendAnswer(request, response, { status, text, headers: all })
}

async function admit(
  deps: HandleDeps,
  { prefix }: MountedRoute,
  request: Request,
  sent: Sent,
): Promise<Omit<Call, 'attributes' | 'signal'>> {
  if (hasTooManyHeaders(request)) throw tooManyHeaders(`A request may have at most ${maxHeaders} headers.`)
  const version = readVersion(request)
  if (version) sent['x-pco-api-processed-as-version'] = version
  deps.refuseWhileAway()
  const { principal, application, method } = await authenticateApplication(deps, request)
  sent['x-pco-api-auth-method'] = method
  await countRequest(deps, request, sent, principal.tokenId)
  if (!version)
    throw unsupportedVersion('X-PCO-API-Version is LATEST or a date like 2022-10-20, none before 2018-08-01.')
  return {
    principal,
    application,
    actor: actorOf(principal),
    version,
    prefix: prefix ?? (version === newest ? 'webhook_subscriptions' : 'subscriptions'),
    origin: originOf(request),
    url: request.originalUrl,
    params: request.params as Readonly<Record<string, string>>,
  }
}

/** Every answer tells the count, also one to somebody whose token nobody knows. */
async function countRequest(
  { planningCenterRate, callerAddress }: HandleDeps,
  request: Request,
  sent: Sent,
  tokenId?: number,
): Promise<void> {
  const key = callerKey(tokenId, callerAddress(request))
  const { headers, refusal } = await planningCenterRate.count(key, isFar(request.originalUrl))
  Object.assign(sent, headers)
  if (refusal) throw refusal
}

/** What is wrong with an offset is said when the query is read. */
function isFar(url: string): boolean {
  try {
    return readOffset(url) > farOffset
  } catch {
    return false
  }
}

async function refuse(
  deps: HandleDeps,
  request: Request,
  sent: Sent,
  thrown: unknown,
): Promise<PlanningCenterRefusal> {
  const counted = sent['x-pco-api-request-rate-count'] !== undefined
  const error = counted ? thrown : await countFirst(deps, request, sent, thrown)
  const refusal = toRefusal(error, request.method !== 'GET' && request.method !== 'HEAD')
  const fields = { status: refusal.status, request_id: requestId(request) }
  if (mayBeAway(error)) deps.suspect()
  if (refusal.status === 500) deps.logger.error('request.failed', { ...fields, error })
  else if (refusal.status === 503) deps.logger.warn('request.failed', { ...fields, error })
  else deps.logger.debug('request.refused', fields)
  return refusal
}

/** Somebody who was not admitted may have asked too often, too: that is then the answer. */
async function countFirst(deps: HandleDeps, request: Request, sent: Sent, thrown: unknown): Promise<unknown> {
  try {
    await countRequest(deps, request, sent)
    return thrown
  } catch (error) {
    return error
  }
}
