import { userRoles, type UserRole } from '@waybill/db'
import type { IntegrationId } from '@waybill/domain'
import {
  BadArgument,
  flag,
  readArguments,
  readChoices,
  readEmail,
  readIntegrations,
  readText,
  text,
  texts,
  type Read,
} from './read-arguments.ts'

/** Where a password comes from: never from an argument, which every process of the machine can read. */
export type PasswordSource = { from: 'stdin' } | { from: 'env'; variable: string }

type Grants = { roles: UserRole[]; integrations: IntegrationId[] }

export type UserCommand =
  | ({ kind: 'create-user'; email: string; name: string | null; password: PasswordSource | null } & Grants)
  | ({ kind: 'grant-user'; email: string } & Grants)
  | ({ kind: 'revoke-user'; email: string } & Grants)
  | { kind: 'disable-user'; email: string }
  | { kind: 'set-password'; email: string; password: PasswordSource }
  | { kind: 'list-users' }
  | { kind: 'revoke-sessions'; email: string }

export const userUsage = `
  user create --email <address> [--name <text>]         make a user of the PlanOmatic API; without a password
    [--password-stdin | --password-env <variable>]      they cannot log in
    [--role ${userRoles.join('|')}]... [--integration <number>]...
  user grant --email <address>                          add roles and integrations to a user
    [--role ...]... [--integration <number>]...
  user revoke --email <address>                         take roles and integrations from a user
    [--role ...]... [--integration <number>]...
  user disable --email <address>                        take a user's password away and end their sessions
  user set-password --email <address>                   give a user a new password and end their sessions
    (--password-stdin | --password-env <variable>)
  user list                                             print the users
  session revoke --user-email <address>                 end all sessions of a user`

const passwordOptions = { 'password-stdin': flag, 'password-env': text } as const
const grantOptions = { email: text, role: texts, integration: texts } as const

/** Reads `user <verb>`; undefined for an unknown verb. Pure. */
export function readUserCommand(verb: string, args: string[]): Read<UserCommand> | undefined {
  switch (verb) {
    case 'create':
      return readArguments(args, { ...grantOptions, ...passwordOptions, name: text }, (values) => ({
        kind: 'create-user',
        email: readEmail('--email', values.email),
        name: values.name === undefined ? null : readText('--name', values.name),
        password: readPasswordSource(values),
        ...readGrants(values),
      }))
    case 'grant':
    case 'revoke':
      return readArguments(args, grantOptions, (values) => {
        const email = readEmail('--email', values.email)
        const grants = readGrants(values)
        if (grants.roles.length + grants.integrations.length === 0)
          throw new BadArgument('--role or --integration is missing.')
        return { kind: `${verb}-user`, email, ...grants }
      })
    case 'disable':
      return readArguments(args, { email: text }, ({ email }) => ({
        kind: 'disable-user',
        email: readEmail('--email', email),
      }))
    case 'set-password':
      return readArguments(args, { email: text, ...passwordOptions }, (values) => {
        const email = readEmail('--email', values.email)
        const password = readPasswordSource(values)
        if (password === null) throw new BadArgument('--password-stdin or --password-env is missing.')
        return { kind: 'set-password', email, password }
      })
    case 'list':
      return readArguments(args, {}, () => ({ kind: 'list-users' }))
    default:
      return undefined
  }
}

/** Reads `session <verb>`; undefined for an unknown verb. Pure. */
export function readSessionCommand(verb: string, args: string[]): Read<UserCommand> | undefined {
  if (verb !== 'revoke') return undefined
  return readArguments(args, { 'user-email': text }, (values) => ({
    kind: 'revoke-sessions',
    email: readEmail('--user-email', values['user-email']),
  }))
}

const readGrants = ({ role, integration }: { role?: string[]; integration?: string[] }): Grants => ({
  roles: readChoices('--role', role, userRoles),
  integrations: readIntegrations(integration),
})

function readPasswordSource(values: {
  'password-stdin'?: boolean
  'password-env'?: string
}): PasswordSource | null {
  const variable = values['password-env']
  if (!values['password-stdin'])
    return variable === undefined ? null : { from: 'env', variable: readText('--password-env', variable) }
  if (variable !== undefined) throw new BadArgument('--password-stdin and --password-env exclude each other.')
  return { from: 'stdin' }
}
