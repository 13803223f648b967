import {
  createUser,
  disableUser,
  endSessions,
  grantUser,
  listUsers,
  revokeUser,
  setPassword,
  type UserRecord,
} from '@waybill/db'
import { hashPassword } from '../planomatic/identity/hash-password.ts'
import { done, failed, refuseMissing, type AdminAnswer, type AdminDatabase } from './admin-answer.ts'
import { printTable } from './print-table.ts'
import { readPassword, type PasswordInput } from './read-password.ts'
import type { UserCommand } from './read-user-command.ts'

type CommandOf<K extends UserCommand['kind']> = Extract<UserCommand, { kind: K }>

const actor = 'operator'

/** Does what the operator asked for with users. */
export async function runUserCommand(
  database: AdminDatabase,
  command: UserCommand,
  input: PasswordInput,
): Promise<AdminAnswer> {
  switch (command.kind) {
    case 'create-user':
      return makeUser(database, command, input)
    case 'grant-user':
      return grant(database, command)
    case 'revoke-user':
      return revoke(database, command)
    case 'disable-user':
      return disable(database, command.email)
    case 'set-password':
      return changePassword(database, command, input)
    case 'list-users':
      return showUsers(database)
    case 'revoke-sessions':
      return revokeSessions(database, command.email)
    default:
      return command satisfies never
  }
}

async function makeUser(
  database: AdminDatabase,
  { email, name, password, roles, integrations }: CommandOf<'create-user'>,
  input: PasswordInput,
): Promise<AdminAnswer> {
  const refused = await refuseMissing(database, integrations)
  if (refused) return refused
  const read = password && (await readPassword(password, input))
  if (read && 'problem' in read) return failed(read.problem)
  const [firstName = null, ...others] = name?.split(/\s+/) ?? []
  const id = await createUser(database.orm, actor, {
    email,
    firstName,
    lastName: others.length === 0 ? null : others.join(' '),
    passwordHash: read && (await hashPassword(read.password)),
    roles,
    integrations,
  })
  if (id === 'email_taken') return failed(`There is a user ${email} already.`)
  return { exitCode: 0, out: String(id), note: `User ${id} is ${email}.` }
}

async function grant(
  database: AdminDatabase,
  { email, roles, integrations }: CommandOf<'grant-user'>,
): Promise<AdminAnswer> {
  const refused = await refuseMissing(database, integrations)
  if (refused) return refused
  const user = await grantUser(database.orm, actor, email, { roles, integrations })
  return user ? done(grantsOf(user)) : nobody(email)
}

/** What is not there, or no longer, can be taken away all the same. */
async function revoke(
  { orm }: AdminDatabase,
  { email, roles, integrations }: CommandOf<'revoke-user'>,
): Promise<AdminAnswer> {
  const user = await revokeUser(orm, actor, email, { roles, integrations })
  return user ? done(grantsOf(user)) : nobody(email)
}

async function disable({ orm }: AdminDatabase, email: string): Promise<AdminAnswer> {
  const ended = await disableUser(orm, actor, email)
  return ended === undefined
    ? nobody(email)
    : done(`${email} has no password any more. Sessions that were ended: ${ended}.`)
}

async function changePassword(
  { orm }: AdminDatabase,
  { email, password }: CommandOf<'set-password'>,
  input: PasswordInput,
): Promise<AdminAnswer> {
  const read = await readPassword(password, input)
  if ('problem' in read) return failed(read.problem)
  const found = await setPassword(orm, actor, email, await hashPassword(read.password))
  return found ? done(`${email} has a new password; their sessions are ended.`) : nobody(email)
}

async function showUsers({ orm }: AdminDatabase): Promise<AdminAnswer> {
  const users = await listUsers(orm)
  const rows = users.map((user) => [
    String(user.id),
    user.email,
    [user.firstName, user.lastName].filter((part) => part !== null).join(' ') || '-',
    user.roles.join(',') || '-',
    user.integrations.join(',') || '-',
    user.hasPassword ? 'yes' : 'no',
    user.createdAt.toISOString(),
  ])
  const head = ['ID', 'EMAIL', 'NAME', 'ROLES', 'INTEGRATIONS', 'PASSWORD', 'CREATED']
  return { exitCode: 0, out: printTable([head, ...rows]), note: `Users: ${users.length}.` }
}

async function revokeSessions({ orm }: AdminDatabase, email: string): Promise<AdminAnswer> {
  const ended = await endSessions(orm, actor, email)
  return ended === undefined ? nobody(email) : done(`Sessions of ${email} that were ended: ${ended}.`)
}

const grantsOf = ({ email, roles, integrations }: UserRecord) =>
  `${email} has roles: ${roles.join(', ') || 'none'}; integrations: ${integrations.join(', ') || 'none'}.`

const nobody = (email: string) => failed(`There is no user ${email}.`)
