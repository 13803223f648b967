import { asIntegrationId, type IntegrationId } from '@waybill/domain'
import { readArguments, readId, readText, text, type Read } from './read-arguments.ts'
import { readRetentionCommand, retentionUsage, type RetentionCommand } from './read-retention-command.ts'
import { readRouteCommand, readServiceCommand, routeUsage, type RouteCommand } from './read-route-command.ts'
import { readTokenCommand, tokenUsage, type TokenCommand } from './read-token-command.ts'
import { readSessionCommand, readUserCommand, userUsage, type UserCommand } from './read-user-command.ts'

/** What an operator asked for. */
export type AdminCommand =
  | { kind: 'put-integration'; id: IntegrationId; name: string }
  | { kind: 'list-integrations' }
  | TokenCommand
  | UserCommand
  | RouteCommand
  | RetentionCommand

export const adminUsage = `Usage:
  integration put --id <number> --name <text>           make an integration, or rename it
  integration list                                      print the integrations${tokenUsage}${userUsage}${routeUsage}${retentionUsage}

DATABASE_URL says which database.`

type Reader = (verb: string, args: string[]) => Read<AdminCommand> | undefined

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['integration', readIntegrationCommand],
  ['token', readTokenCommand],
  ['user', readUserCommand],
  ['session', readSessionCommand],
  ['route', readRouteCommand],
  ['service', readServiceCommand],
  ['retention', readRetentionCommand],
])

/** Reads the arguments of the operator's command. Pure. */
export function readAdminCommand(args: readonly string[]): Read<AdminCommand> {
  const [noun = '', verb = '', ...rest] = args
  const read = readers.get(noun)?.(verb, rest)
  if (read) return read
  return { ok: false, problem: noun === '' ? 'Say what to do.' : `There is no command "${noun} ${verb}".` }
}

function readIntegrationCommand(verb: string, args: string[]): Read<AdminCommand> | undefined {
  switch (verb) {
    case 'put':
      return readArguments(args, { id: text, name: text }, ({ id, name }) => ({
        kind: 'put-integration',
        id: asIntegrationId(readId('--id', id)),
        name: readText('--name', name),
      }))
    case 'list':
      return readArguments(args, {}, () => ({ kind: 'list-integrations' }))
    default:
      return undefined
  }
}
