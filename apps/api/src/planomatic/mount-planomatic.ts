import type { IncomingMessage } from 'node:http'
import type { Express, RequestHandler } from 'express'
import type { Principal } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { retryAfter, type BadTokens } from '../http/bad-tokens.ts'
import { hasTooManyHeaders, maxHeaders } from '../http/too-many-headers.ts'
import { sendAnswer, type Answer } from '../http/send-answer.ts'
import { mayBeAway, StorageTimeout } from '../http/to-problem.ts'
import type { TokenCache } from '../http/token-cache.ts'
import { CallerGone } from '../http/read-body.ts'
import { createWebhookOutSub, type CreateDeps } from './create-webhook-out-sub.ts'
import { envelope, PlanomaticRefusal } from './envelope.ts'
import { indexWebhookJobs, type IndexDeps } from './index-webhook-jobs.ts'
import { createParamReader, type ParamReader } from './param-reader.ts'
import { readParams } from './read-params.ts'

export type PlanomaticDeps = CreateDeps &
  IndexDeps & {
    tokens: TokenCache
    badTokens: BadTokens
    refuseWhileAway: () => void
    suspect: () => void
    logger: Pick<Logger, 'info' | 'error' | 'debug'>
  }

type Action = (principal: Principal, params: ParamReader) => Promise<Answer>

const base = '/api/v1'
const answerWithinMs = 1_800

/** The PlanOmatic dialect: its routes, and its own answer for every other path below it. */
export function mountPlanomatic(app: Express, deps: PlanomaticDeps): void {
  const actions: Record<string, Action> = {
    '/webhook_out_subs/create': (principal, params) => createWebhookOutSub(deps, principal, params),
    '/webhook_jobs/index': (principal, params) => indexWebhookJobs(deps, principal, params),
  }
  app.use(base, (request, response, next) => {
    if (!hasTooManyHeaders(request)) return next()
    response.locals['route'] = base
    const errors = [{ attr: 'headers', message: `more than ${maxHeaders}` }]
    sendAnswer(request, response, envelope('invalid-param', { errors }))
  })
  for (const [path, action] of Object.entries(actions))
    app.post(base + path, handler(deps, base + path, action))
  app.use(base, (request, response) => {
    // A path with a malformed percent-encoding is only one more path that is no route.
    response.locals['route'] = base
    sendAnswer(request, response, envelope('route-non-existent'))
  })
}

function handler(deps: PlanomaticDeps, route: string, action: Action): RequestHandler {
  return async (request, response) => {
    response.locals['route'] = route
    try {
      deps.refuseWhileAway()
      const params = createParamReader(await readParams(request, request.originalUrl))
      const answer = await withDeadline(run(deps, request, params, action), answerWithinMs, () => {
        deps.suspect()
        return new StorageTimeout('a statement did not answer')
      })
      sendAnswer(request, response, answer)
    } catch (error) {
      if (error instanceof CallerGone) response.destroy()
      else sendAnswer(request, response, refusal(deps, route, error))
    }
  }
}

async function run(
  deps: PlanomaticDeps,
  request: IncomingMessage,
  params: ParamReader,
  action: Action,
): Promise<Answer> {
  const token = params.required('token')
  if (!params.has('integration_id')) params.required('integration_id')
  if (token === '') params.finish()
  const principal = await deps.tokens.find(token)
  return principal ? action(principal, params) : refuseToken(deps.badTokens.count(request))
}

/** The dialect documents no 429: the status says what is wrong, the code that there was too much of it. */
function refuseToken(waitMs: number | undefined): Answer {
  const answer = envelope('invalid-token')
  if (waitMs === undefined) return answer
  const message = 'Too many invalid tokens came from this address; try again later.'
  const code = 429
  return { status: code, body: { code, status: 'invalid-token', message }, headers: retryAfter(waitMs) }
}

function refusal(deps: PlanomaticDeps, route: string, error: unknown): Answer {
  if (error instanceof PlanomaticRefusal) return envelope(error.status, { errors: error.errors })
  if (mayBeAway(error)) deps.suspect()
  deps.logger.error('request.failed', { route, error })
  return { ...envelope('application-crash'), headers: { 'retry-after': '1' } }
}
