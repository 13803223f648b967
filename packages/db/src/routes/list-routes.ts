import { asc, eq } from 'drizzle-orm'
import type { Orm } from '../open-database.ts'
import { routes, services } from '../schema/index.ts'

/** `deployedAt` null: out of service. */
export type RouteRecord = {
  path: string
  deployedAt: Date | null
  service: string
  serviceDeployedAt: Date | null
}

/** The records of all routes, each with that of its service. */
export async function listRoutes(orm: Orm): Promise<RouteRecord[]> {
  return orm
    .select({
      path: routes.path,
      deployedAt: routes.deployedAt,
      service: routes.service,
      serviceDeployedAt: services.deployedAt,
    })
    .from(routes)
    .innerJoin(services, eq(services.name, routes.service))
    .orderBy(asc(routes.path))
}
