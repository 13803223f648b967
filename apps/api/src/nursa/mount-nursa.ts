import type { ErrorRequestHandler, Express, Request, RequestHandler } from 'express'
import type { Principal } from '@waybill/db'
import type { NursaAudience } from '@waybill/domain'
import type { Logger } from '@waybill/runtime'
import { startAnswerTime } from '../http/answer-time.ts'
import { askStorage } from '../http/ask-storage.ts'
import { checkMediaType } from '../http/check-media-type.ts'
import { kindOf, type CallGate } from '../http/create-call-gate.ts'
import { parseJsonBody, type JsonObject } from '../http/parse-json-body.ts'
import { CallerGone, readBody } from '../http/read-body.ts'
import { sendAnswer, type Answer } from '../http/send-answer.ts'
import { sendAll, whileAwaited } from '../http/send-pieces.ts'
import { mayBeAway } from '../http/to-problem.ts'
import { hasTooManyHeaders } from '../http/too-many-headers.ts'
import { authenticateNursa, type NursaAuthDeps } from './authenticate-nursa.ts'
import { createWebhook } from './create-webhook.ts'
import { NursaRefusal } from './nursa-refusal.ts'
import { createRetryIds } from './retry-id.ts'
import { searchLogs, type SearchLogsDeps } from './search-logs.ts'
import { noRoute, toNursaAnswer } from './to-nursa-answer.ts'
import type { WebhookDeps } from './webhook-deps.ts'
import { deleteWebhook, listWebhooks, updateWebhook } from './webhooks.ts'

export type NursaDeps = NursaAuthDeps &
  WebhookDeps &
  Omit<SearchLogsDeps, 'retryIds'> & {
    calls: CallGate
    monotonic: () => number
    refuseWhileAway: () => void
    suspect: () => void
    logger: Pick<Logger, 'info' | 'warn' | 'error'>
  }

type NursaCall = {
  principal: Principal
  /** Path and query as they came. */
  url: string
  params: Request['params']
  /** Empty where the call takes none. */
  body: JsonObject
  signal: AbortSignal
}
type Action = (call: NursaCall) => Promise<Answer>

const base = '/api/v2/public'
const audiences: readonly NursaAudience[] = ['facility', 'user']
const maxBodyBytes = 262_144

/** The Nursa dialect: its nine calls, and its own answer for every other path below it. */
export function mountNursa(app: Express, deps: NursaDeps): void {
  app.use(base, (request, response, next) => {
    response.locals['route'] = base
    if (hasTooManyHeaders(request)) throw new NursaRefusal(431, 'Too many headers')
    next()
  })
  const searched = { ...deps, retryIds: createRetryIds(deps.keys.publicIds) }
  const logs = `${base}/webhooks/logs`
  app.get(
    logs,
    handler(deps, logs, (call) => searchLogs(searched, call)),
  )
  for (const audience of audiences) mountWebhooks(app, deps, audience)
  app.use(base, (request) => {
    throw noRoute(request.method, request.originalUrl)
  })
  app.use(base, answerErrors(deps))
}

function mountWebhooks(app: Express, deps: NursaDeps, audience: NursaAudience): void {
  const list = `${base}/webhooks/${audience}`
  const one = `${list}/:webhookId`
  const create: Action = ({ principal, body }) => createWebhook(deps, audience, principal, body)
  const update: Action = ({ principal, params, body }) =>
    updateWebhook(deps, audience, principal, String(params['webhookId']), body)
  const remove: Action = ({ principal, params }) =>
    deleteWebhook(deps, audience, principal, String(params['webhookId']))
  app.post(list, handler(deps, list, create))
  app.get(
    list,
    handler(deps, list, ({ principal }) => listWebhooks(deps, audience, principal)),
  )
  app.patch(one, handler(deps, one, update))
  app.delete(one, handler(deps, one, remove))
}

const takesBody = new Set(['POST', 'PATCH'])

function handler(deps: NursaDeps, route: string, action: Action): RequestHandler {
  return async (request, response) => {
    response.locals['route'] = route
    const timeLeft = startAnswerTime(deps.monotonic)
    deps.refuseWhileAway()
    const over = whileAwaited(response)
    const { signal } = over
    const principal = await authenticateNursa(deps, request)
    const leftMs = timeLeft()
    const body = takesBody.has(request.method) ? await readJson(request) : {}
    const { originalUrl: url, params } = request
    const handled = deps.calls(kindOf(request.method), () => action({ principal, url, params, body, signal }))
    await sendAll(request, response, signal, await askStorage(deps, handled, leftMs, over))
  }
}

async function readJson(request: Request): Promise<JsonObject> {
  checkMediaType(request)
  return parseJsonBody(await readBody(request, maxBodyBytes)).value
}

// Express knows an error handler by its four parameters.
function answerErrors(deps: NursaDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    if (error instanceof CallerGone) return void response.destroy()
    if (mayBeAway(error)) deps.suspect()
    const answer = toNursaAnswer(error, request)
    const route = response.locals['route'] as string
    if (answer.status === 500) deps.logger.error('request.failed', { route, error })
    else if (answer.status === 503) deps.logger.warn('request.failed', { route, error })
    // Half an answer cannot become another one: that it breaks off is all that can be said.
    if (response.headersSent) response.destroy()
    else sendAnswer(request, response, answer)
  }
}
