import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { Principal } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { CallerGone } from '../http/read-body.ts'
import { sendAnswer, type Answer } from '../http/send-answer.ts'
import { mayBeAway, StorageTimeout } from '../http/to-problem.ts'
import {
  envelope,
  PlanomaticRefusal,
  PlanomaticTooMany,
  refusalEnvelope,
  tooManyEnvelope,
} from './envelope.ts'
import { findCaller, type CallerDeps } from './identity/find-caller.ts'
import { isPlainText, readSensitiveParams } from './identity/sensitive-params.ts'
import { createParamReader, type ParamReader } from './param-reader.ts'
import { readParams, type ParamObject } from './read-params.ts'
import type { RouteRecords } from './route-records.ts'

/** One call: how it is asked, what it does, and how long it may take where that is more than usual. */
export type PlanomaticRoute = {
  methods: readonly ('POST' | 'PUT')[]
  /** `sensitive`: base64 as text/plain; `either` takes JSON as well. Without it JSON and the query string. */
  encoding?: 'sensitive' | 'either'
  /** In ms. */
  answerWithinMs?: number
} & (
  | {
      /** For a caller who is somebody to an integration. */
      run: (principal: Principal, params: ParamReader) => Promise<Answer>
    }
  | {
      /** Finds out by itself who is calling. */
      runOpen: (params: ParamReader, request: IncomingMessage) => Promise<Answer>
    }
)

export type CallDeps = CallerDeps & {
  refuseWhileAway: () => void
  suspect: () => void
  logger: Pick<Logger, 'error'>
}

const usualAnswerMs = 1_800

/**
 * Answers one call: first whether the route is in service, then what its body is, then who is calling, and the
 * parameters last.
 */
export function callRoute(
  deps: CallDeps,
  records: RouteRecords,
  path: string,
  route: PlanomaticRoute,
): RequestHandler {
  const { answerWithinMs = usualAnswerMs } = route
  return async (request, response) => {
    response.locals['route'] = path
    try {
      await records.identify(path)
      deps.refuseWhileAway()
      const params = createParamReader(await readEncoded(route, request, request.originalUrl))
      const answer = await withDeadline(run(deps, request, params, route), answerWithinMs, () => {
        deps.suspect()
        return new StorageTimeout('a statement did not answer')
      })
      sendAnswer(request, response, answer)
    } catch (error) {
      if (error instanceof CallerGone) response.destroy()
      else sendAnswer(request, response, toAnswer(deps, path, error))
    }
  }
}

function readEncoded(
  { encoding }: PlanomaticRoute,
  request: IncomingMessage,
  url: string,
): Promise<ParamObject> {
  const isSensitive = encoding === 'sensitive' || (encoding === 'either' && isPlainText(request))
  return isSensitive ? readSensitiveParams(request) : readParams(request, url)
}

async function run(
  deps: CallDeps,
  request: IncomingMessage,
  params: ParamReader,
  route: PlanomaticRoute,
): Promise<Answer> {
  if ('runOpen' in route) return route.runOpen(params, request)
  const token = params.required('token')
  if (!params.has('integration_id')) params.required('integration_id')
  if (token === '') params.finish()
  return route.run(await findCaller(deps, request, token), params)
}

function toAnswer(deps: CallDeps, route: string, error: unknown): Answer {
  if (error instanceof PlanomaticTooMany) return tooManyEnvelope(error)
  if (error instanceof PlanomaticRefusal) return refusalEnvelope(error)
  if (mayBeAway(error)) deps.suspect()
  deps.logger.error('request.failed', { route, error: withoutStatement(error) })
  return { ...envelope('application-crash'), headers: { 'retry-after': '1' } }
}

/** Drizzle puts a statement's parameters into its message, and here they are people's addresses. */
function withoutStatement(error: unknown): unknown {
  return error instanceof Error && 'params' in error && error.cause !== undefined ? error.cause : error
}
