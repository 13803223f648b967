import type { Express } from 'express'
import { base } from './address-of.ts'
import { attemptRoutes } from './attempt-routes.ts'
import { prefixes } from './call.ts'
import { eventRoutes, type EventDeps } from './event-routes.ts'
import { handleRequest, type HandleDeps, type MountedRoute } from './handle-request.ts'
import { organizationRoutes } from './organization-routes.ts'
import { notFound } from './refusal.ts'
import { subscriptionRoutes, type SubscriptionDeps } from './subscription-routes.ts'

export type PlanningCenterDeps = HandleDeps & SubscriptionDeps & EventDeps

/** The Planning Center dialect: Webhooks v2, and its own answer for every other path below it. */
export function mountPlanningCenter(app: Express, deps: PlanningCenterDeps): void {
  const other = handleRequest(deps, { method: 'GET', path: '', handle: () => Promise.reject(notFound()) })
  app.use(base, (request, response, next) =>
    canDecode(request.path) ? next() : other(request, response, next),
  )
  for (const route of allRoutes(deps)) {
    const path = base + route.path
    const handle = handleRequest(deps, route)
    switch (route.method) {
      case 'GET':
        app.get(path, handle)
        break
      case 'POST':
        app.post(path, handle)
        break
      case 'PATCH':
        app.patch(path, handle)
        break
      case 'DELETE':
        app.delete(path, handle)
        break
      default:
        route.method satisfies never
    }
  }
  app.use(base, other)
}

function allRoutes(deps: PlanningCenterDeps): MountedRoute[] {
  const below = [...subscriptionRoutes(deps), ...eventRoutes(deps), ...attemptRoutes(deps)]
  return [
    ...organizationRoutes(),
    ...prefixes.flatMap((prefix) =>
      below.map((route) => ({ ...route, prefix, path: `/${prefix}${route.path}` })),
    ),
  ]
}

/** A path with a malformed percent-encoding is only one more path that is no route. */
function canDecode(path: string): boolean {
  try {
    decodeURIComponent(path)
    return true
  } catch {
    return false
  }
}
