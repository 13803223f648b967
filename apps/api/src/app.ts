import { setTimeout as pause } from 'node:timers/promises'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import helmet from 'helmet'
import type { ApiDeps } from './deps.ts'
import { mountHealth } from './health/mount-health.ts'
import { answerProblem } from './http/answer-problem.ts'
import { mountRoutes, refuseMethod } from './http/mount-routes.ts'
import { problem, unavailable } from './http/problem.ts'
import { CallerGone } from './http/read-body.ts'
import { requestId } from './http/request-id.ts'
import { mayBeAway, toProblem } from './http/to-problem.ts'
import { hasTooManyHeaders, maxHeaders } from './http/too-many-headers.ts'
import { mountNursa } from './nursa/mount-nursa.ts'
import { mountPlanomatic } from './planomatic/mount-planomatic.ts'
import { mountPlanningCenter } from './planning-center/mount-planning-center.ts'
import { nativeRoutes } from './routes.ts'
import { acceptTrigger, acceptTriggers, type AcceptHandler } from './triggers/accept-triggers.ts'

/** The whole HTTP face of the process, without a server around it. */
export function createApp(deps: ApiDeps): Express {
  const app = express()
  app.disable('x-powered-by').disable('etag').set('query parser', false)
  // First, before anything that other routes want: this is the hot path.
  app.post('/v1/triggers', measured(deps, '/v1/triggers', acceptTrigger(deps)))
  app.post('/v1/triggers/batch', measured(deps, '/v1/triggers/batch', acceptTriggers(deps)))
  app.use(observe(deps), helmet())
  // Ahead of what is refused in the native API's words.
  mountPlanomatic(app, deps)
  mountNursa(app, deps)
  mountPlanningCenter(app, deps)
  app.use(refuseOddRequests)
  app.all(['/v1/triggers', '/v1/triggers/batch'], refuseMethod(['POST']))
  mountHealth(app, deps)
  mountRoutes(app, nativeRoutes(deps), deps)
  app.use(() => {
    throw problem('not_found', 'There is no such route.')
  })
  app.use(answerErrors(deps))
  return app
}

/** Whoever comes later in a turn of the event loop has waited so long already that waiting on would be too long, in ms. */
const longestTurnMs = 500
/** Together with what it has waited that is still within the 2 s a caller waits at most. */
const refuseAfterMs = 750

/** The hot path's own measuring: no listener, no closure per response. */
function measured(deps: ApiDeps, route: string, handle: AcceptHandler): RequestHandler {
  return async (request, response) => {
    const startedAt = deps.monotonic()
    try {
      if (deps.turn(startedAt) > longestTurnMs) await refuseLater()
      if (hasTooManyHeaders(request)) throw tooManyHeaders()
      await handle(request, response)
    } catch (error) {
      answerError(deps, error, request, response)
    }
    deps.metrics.answered(route, 'POST', response.statusCode, deps.monotonic() - startedAt)
  }
}

/**
 * Not at once: a caller that sends again at once would cost as much as those who are served. With more than 1,024 sockets that
 * are readable again and again libuv reads on for many seconds before anything else has its turn
 * (https://github.com/libuv/libuv/blob/v1.x/src/unix/linux.c, uv__io_poll).
 */
async function refuseLater(): Promise<never> {
  await pause(refuseAfterMs)
  throw unavailable('overloaded', 'More calls came than can be answered in time; nothing was stored.')
}

function observe(deps: ApiDeps): RequestHandler {
  return (request, response, next) => {
    const startedAt = deps.monotonic()
    response.once('finish', () => {
      const route = (response.locals['route'] as string | undefined) ?? 'other'
      deps.metrics.answered(
        route,
        methodLabel(request.method),
        response.statusCode,
        deps.monotonic() - startedAt,
      )
    })
    next()
  }
}

const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
const methodLabel = (method: string) => (methods.has(method) ? method : 'other')

const refuseOddRequests: RequestHandler = (request, _response, next) => {
  if (hasTooManyHeaders(request)) throw tooManyHeaders()
  // Throws a URIError, which is answered as malformed_path.
  if (request.path.includes('%')) decodeURIComponent(request.path)
  next()
}

const tooManyHeaders = () => problem('too_many_headers', `A request may have at most ${maxHeaders} headers.`)

// Express knows an error handler by its four parameters.
function answerErrors(deps: ApiDeps): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => answerError(deps, error, request, response)
}

type HandlerArguments = Parameters<RequestHandler>

function answerError(
  deps: ApiDeps,
  error: unknown,
  request: HandlerArguments[0],
  response: HandlerArguments[1],
): void {
  if (error instanceof CallerGone) return void response.destroy()
  const refusal = toProblem(error, request.method !== 'GET' && request.method !== 'HEAD')
  const fields = { code: refusal.code, status: refusal.status, request_id: requestId(request) }
  if (mayBeAway(error)) deps.suspect()
  if (refusal.status === 500) deps.logger.error('request.failed', { ...fields, error })
  // Under load there are thousands of them, and writing lines would be more of it.
  else if (refusal.status === 503 && refusal.code !== 'overloaded')
    deps.logger.warn('request.failed', { ...fields, error: refusal.cause })
  else deps.logger.debug('request.refused', fields)
  // Half an answer cannot become another one: that it breaks off is all that can be said.
  if (response.headersSent) response.destroy()
  else answerProblem(request, response, refusal)
}
