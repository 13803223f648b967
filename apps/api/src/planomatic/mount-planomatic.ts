import type { Express } from 'express'
import { listRoutes, type Storage } from '@waybill/db'
import type { Logger } from '@waybill/runtime'
import { askStorage } from '../http/ask-storage.ts'
import type { CallerAddress } from '../http/caller-address.ts'
import { sendAnswer } from '../http/send-answer.ts'
import { mayBeAway } from '../http/to-problem.ts'
import { hasTooManyHeaders, maxHeaders } from '../http/too-many-headers.ts'
import { callRoute, type CallDeps, type PlanomaticRoute } from './call-route.ts'
import { createWebhookOutSub, type CreateDeps } from './create-webhook-out-sub.ts'
import { envelope } from './envelope.ts'
import { clientRegister } from './identity/client-register.ts'
import { createLogIn } from './identity/create-log-in.ts'
import { indexWebhookJobs, type IndexDeps } from './index-webhook-jobs.ts'
import { indexWebhookOutSubs } from './index-webhook-out-subs.ts'
import { createRouteRecords } from './route-records.ts'
import { updateWebhookOutSub, type UpdateDeps } from './update-webhook-out-sub.ts'

export type PlanomaticDeps = CreateDeps &
  IndexDeps &
  UpdateDeps &
  CallDeps & {
    storage: Storage
    callerAddress: CallerAddress
    monotonic: () => number
    logger: Pick<Logger, 'info' | 'error' | 'warn'>
  }

const base = '/api/v1'

/** The PlanOmatic dialect: its routes, and its own answer for every other path below it. */
export function mountPlanomatic(app: Express, deps: PlanomaticDeps): void {
  const routes: Record<string, PlanomaticRoute> = {
    '/sessions/create': {
      methods: ['POST'],
      encoding: 'sensitive',
      // Logins wait for each other: hashing is slow by design.
      answerWithinMs: 10_000,
      runOpen: createLogIn(deps),
    },
    '/users/client_register': {
      methods: ['POST'],
      encoding: 'either',
      runOpen: (params, request) => deps.calls('write', () => clientRegister(deps, params, request)),
    },
    '/webhook_out_subs/create': {
      methods: ['POST'],
      answerWithinMs: 10_000,
      run: (principal, params) => createWebhookOutSub(deps, principal, params),
    },
    '/webhook_out_subs/index': {
      methods: ['POST'],
      lists: true,
      run: (principal, params) => indexWebhookOutSubs(deps, principal, params),
    },
    '/webhook_out_subs/update': {
      // Documented as PUT; every other call of this API is a POST, so callers send that as well.
      methods: ['PUT', 'POST'],
      run: (principal, params) => updateWebhookOutSub(deps, principal, params),
    },
    '/webhook_jobs/index': {
      methods: ['POST'],
      lists: true,
      run: (principal, params) => indexWebhookJobs(deps, principal, params),
    },
  }
  const records = createRouteRecords(() => loadRecords(deps), {
    monotonic: deps.monotonic,
    onError: (error) => {
      if (mayBeAway(error)) deps.suspect()
      deps.logger.warn('routes.not-read', { error })
    },
  })
  app.use(base, (request, response, next) => {
    // Tokens come and go here.
    response.setHeader('cache-control', 'no-store')
    if (!hasTooManyHeaders(request)) return next()
    response.locals['route'] = base
    const errors = [{ attr: 'headers', message: `more than ${maxHeaders}` }]
    sendAnswer(request, response, envelope('invalid-param', { errors }))
  })
  for (const [path, route] of Object.entries(routes)) {
    const handle = callRoute(deps, records, base + path, route)
    for (const method of route.methods) app[method === 'PUT' ? 'put' : 'post'](base + path, handle)
  }
  app.use(base, (request, response) => {
    // A path with a malformed percent-encoding is only one more path that is no route.
    response.locals['route'] = base
    sendAnswer(request, response, envelope('route-non-existent'))
  })
}

async function loadRecords({ storage, refuseWhileAway }: PlanomaticDeps) {
  refuseWhileAway()
  return askStorage(storage, listRoutes(storage.auth))
}
