import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { Principal } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { startAnswerTime } from '../http/answer-time.ts'
import type { CallGate } from '../http/create-call-gate.ts'
import { CallerGone } from '../http/read-body.ts'
import { sendAnswer, type Answer } from '../http/send-answer.ts'
import { isOutage, mayBeAway, StorageTimeout, tookTooLong } from '../http/to-problem.ts'
import {
  crashEnvelope,
  PlanomaticRefusal,
  PlanomaticTooMany,
  refusalEnvelope,
  tooManyEnvelope,
  tooSlowEnvelope,
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
  /** It lists what the caller describes, which may be too much. */
  lists?: true
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
  calls: CallGate
  monotonic: () => number
  refuseWhileAway: () => void
  suspect: () => void
  logger: Pick<Logger, 'error' | 'warn'>
}

/** The statements of a call did not all answer in time. */
class CallTimeout extends StorageTimeout {}

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
  return async (request, response) => {
    response.locals['route'] = path
    const timeLeft = startAnswerTime(deps.monotonic, route.answerWithinMs)
    try {
      await records.identify(path)
      deps.refuseWhileAway()
      const leftMs = timeLeft()
      const params = createParamReader(await readEncoded(route, request, request.originalUrl))
      const answer = await withDeadline(run(deps, request, params, route), leftMs, () => {
        deps.suspect()
        return new CallTimeout('a statement did not answer')
      })
      sendAnswer(request, response, answer)
    } catch (error) {
      if (error instanceof CallerGone) response.destroy()
      else sendAnswer(request, response, toAnswer(deps, path, route, error))
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
  // Missing, blank or no text.
  if (token === '') params.finish()
  const caller = await findCaller(deps, request, token)
  return deps.calls(route.lists ? 'read' : 'write', () => route.run(caller, params))
}

function toAnswer(deps: CallDeps, path: string, route: PlanomaticRoute, error: unknown): Answer {
  if (error instanceof PlanomaticTooMany) return tooManyEnvelope(error)
  if (error instanceof PlanomaticRefusal) return refusalEnvelope(error)
  if (mayBeAway(error)) deps.suspect()
  deps.logger[isOutage(error) ? 'warn' : 'error']('request.failed', { route: path, error })
  const tooSlow = route.lists && (tookTooLong(error) || error instanceof CallTimeout)
  return tooSlow ? tooSlowEnvelope() : crashEnvelope()
}
