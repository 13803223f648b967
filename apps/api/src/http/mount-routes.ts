import { actorOf, type Principal } from '@waybill/db'
import type { Express, Request, RequestHandler } from 'express'
import { startAnswerTime } from './answer-time.ts'
import { askStorage } from './ask-storage.ts'
import type { Authenticate } from './authenticate.ts'
import { checkMediaType } from './check-media-type.ts'
import { kindOf, type CallGate } from './create-call-gate.ts'
import { parseJsonBody } from './parse-json-body.ts'
import { problem } from './problem.ts'
import { readQuery } from './query-parameters.ts'
import { readBody } from './read-body.ts'
import type { Call, Route } from './route.ts'
import { sendAll, whileAwaited } from './send-pieces.ts'

export type MountDeps = {
  authenticate: Authenticate
  calls: CallGate
  monotonic: () => number
  refuseWhileAway: () => void
  suspect: () => void
}
/** A route with the query parameters it reads. */
export type MountedRoute = Route & { query?: readonly string[] }

const maxBodyBytes = 262_144

/** Mounts the table: one handler a line, and 405 for the other methods of its paths. */
export function mountRoutes(app: Express, routes: readonly MountedRoute[], deps: MountDeps): void {
  const methods = new Map<string, string[]>()
  for (const route of routes) {
    const handler = toHandler(route, deps)
    switch (route.method) {
      case 'GET':
        app.get(route.path, handler)
        break
      case 'POST':
        app.post(route.path, handler)
        break
      case 'PATCH':
        app.patch(route.path, handler)
        break
      case 'DELETE':
        app.delete(route.path, handler)
        break
      default:
        route.method satisfies never
    }
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method])
  }
  for (const [path, allowed] of methods) app.all(path, refuseMethod(allowed))
}

/** 405 with what is allowed instead. */
export function refuseMethod(allowed: readonly string[]): RequestHandler {
  const allow = allowed.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method])).join(', ')
  return (request) => {
    throw problem('method_not_allowed', `${request.method} is not allowed here; allowed: ${allow}.`, {
      headers: { allow },
    })
  }
}

function toHandler(route: MountedRoute, deps: MountDeps): RequestHandler {
  const kind = kindOf(route.method)
  return async (request, response) => {
    response.locals['route'] = route.path
    const timeLeft = startAnswerTime(deps.monotonic, route.answerWithinMs)
    deps.refuseWhileAway()
    const over = whileAwaited(response)
    const { signal } = over
    const principal = await deps.authenticate(request)
    const leftMs = timeLeft()
    const call = await readCall(route, principal, request)
    const handled = deps.calls(kind, () => route.handle({ ...call, signal }))
    await sendAll(request, response, signal, await askStorage(deps, handled, leftMs, over))
  }
}

async function readCall(
  route: MountedRoute,
  principal: Principal,
  request: Request,
): Promise<Omit<Call, 'signal'>> {
  if (route.method === 'POST' && request.headers['idempotency-key'] !== undefined)
    throw problem(
      'idempotency_key_not_supported',
      'This route does not honour an Idempotency-Key; POST /v1/triggers and /v1/triggers/batch do. Send it without.',
    )
  const query = readQuery(request.url, route.query ?? [])
  if (route.takesBody) checkMediaType(request)
  const body = route.takesBody ? parseJsonBody(await readBody(request, maxBodyBytes)).value : {}
  const params = request.params as Readonly<Record<string, string>>
  return { principal, actor: actorOf(principal), params, query, body, request }
}
