import { readArguments, readText, text, type Read } from './read-arguments.ts'

/** `deployed`: into service, or out of it. */
export type RouteCommand =
  | { kind: 'deploy-route'; path: string; deployed: boolean }
  | { kind: 'deploy-service'; name: string; deployed: boolean }
  | { kind: 'list-routes' }

export const routeUsage = `
  route list                                            print the routes of the PlanOmatic API and their services
  route deploy|undeploy --path <path>                   take a route into service, or out of it
  service deploy|undeploy --name <name>                 the same for all routes of a service`

/** Reads `route <verb>`; undefined for an unknown verb. Pure. */
export function readRouteCommand(verb: string, args: string[]): Read<RouteCommand> | undefined {
  if (verb === 'list') return readArguments(args, {}, () => ({ kind: 'list-routes' }))
  const deployed = isDeploy(verb)
  if (deployed === undefined) return undefined
  return readArguments(args, { path: text }, ({ path }) => ({
    kind: 'deploy-route',
    path: readText('--path', path),
    deployed,
  }))
}

/** Reads `service <verb>`; undefined for an unknown verb. Pure. */
export function readServiceCommand(verb: string, args: string[]): Read<RouteCommand> | undefined {
  const deployed = isDeploy(verb)
  if (deployed === undefined) return undefined
  return readArguments(args, { name: text }, ({ name }) => ({
    kind: 'deploy-service',
    name: readText('--name', name),
    deployed,
  }))
}

function isDeploy(verb: string): boolean | undefined {
  if (verb === 'deploy') return true
  return verb === 'undeploy' ? false : undefined
}
