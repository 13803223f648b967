import { deployRoute, deployService, listRoutes } from '@waybill/db'
import { done, failed, type AdminAnswer, type AdminDatabase } from './admin-answer.ts'
import { printTable } from './print-table.ts'
import type { RouteCommand } from './read-route-command.ts'

const actor = 'operator'

/** Does what the operator asked for with routes and services. Running processes notice within seconds. */
export async function runRouteCommand({ orm }: AdminDatabase, command: RouteCommand): Promise<AdminAnswer> {
  switch (command.kind) {
    case 'deploy-route': {
      const found = await deployRoute(orm, actor, command.path, command.deployed)
      return told(found, 'route', command.path, command.deployed)
    }
    case 'deploy-service': {
      const found = await deployService(orm, actor, command.name, command.deployed)
      return told(found, 'service', command.name, command.deployed)
    }
    case 'list-routes':
      return showRoutes(orm)
    default:
      return command satisfies never
  }
}

const told = (found: boolean, what: 'route' | 'service', name: string, deployed: boolean): AdminAnswer =>
  found
    ? done(`The ${what} ${name} is ${deployed ? 'in' : 'out of'} service.`)
    : failed(`There is no ${what} ${name}; see: route list`)

async function showRoutes(orm: AdminDatabase['orm']): Promise<AdminAnswer> {
  const routes = await listRoutes(orm)
  const rows = routes.map(({ path, deployedAt, service, serviceDeployedAt }) => [
    path,
    deployedAt?.toISOString() ?? '-',
    service,
    serviceDeployedAt?.toISOString() ?? '-',
  ])
  const out = printTable([['ROUTE', 'DEPLOYED', 'SERVICE', 'SERVICE DEPLOYED'], ...rows])
  return { exitCode: 0, out, note: `Routes: ${routes.length}.` }
}
