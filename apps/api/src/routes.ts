import type { ApiDeps } from './deps.ts'
import { deliveryRoutes } from './deliveries/delivery-routes.ts'
import type { MountedRoute } from './http/mount-routes.ts'
import { noticeRoutes } from './notices/notice-routes.ts'
import { subscriptionFields } from './subscriptions/subscription-fields.ts'
import { subscriptionRoutes } from './subscriptions/subscription-routes.ts'
import { triggerRoutes } from './triggers/read-trigger-route.ts'

/** The native API but for the two routes that accept triggers, which are mounted ahead of everything else. */
export function nativeRoutes(deps: ApiDeps): MountedRoute[] {
  return [
    ...triggerRoutes(deps),
    ...subscriptionRoutes({ ...deps, fields: subscriptionFields(deps.urlRules) }),
    ...deliveryRoutes(deps),
    ...noticeRoutes(deps),
  ]
}
