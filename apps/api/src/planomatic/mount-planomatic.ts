import type { Express, RequestHandler } from 'express'
import type { Principal } from '@waybill/db'
import { withDeadline, type Logger } from '@waybill/runtime'
import { sendAnswer, type Answer } from '../http/send-answer.ts'
import { isStorageError, StorageTimeout } from '../http/to-problem.ts'
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
  for (const [path, action] of Object.entries(actions))
    app.post(base + path, handler(deps, base + path, action))
  app.use(base, (request, response) => {
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
      const answer = await withDeadline(run(deps, params, action), answerWithinMs, () => {
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

async function run(deps: PlanomaticDeps, params: ParamReader, action: Action): Promise<Answer> {
  const token = params.required('token')
  if (!params.has('integration_id')) params.required('integration_id')
  if (token === '') params.finish()
  const principal = await deps.tokens.find(token)
  if (!principal) throw new PlanomaticRefusal('invalid-token')
  return action(principal, params)
}

function refusal(deps: PlanomaticDeps, route: string, error: unknown): Answer {
  if (error instanceof PlanomaticRefusal) return envelope(error.status, { errors: error.errors })
  if (isStorageError(error)) deps.suspect()
  deps.logger.error('request.failed', { route, error })
  return { ...envelope('application-crash'), headers: { 'retry-after': '1' } }
}
