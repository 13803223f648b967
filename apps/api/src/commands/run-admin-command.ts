import { createToken, listIntegrations, listTokens, putIntegration, revokeToken } from '@waybill/db'
import { refuseMissing, type AdminAnswer, type AdminDatabase } from './admin-answer.ts'
import { printTable } from './print-table.ts'
import type { AdminCommand } from './read-admin-command.ts'
import type { PasswordInput } from './read-password.ts'
import { runRetentionCommand } from './run-retention-command.ts'
import { runRouteCommand } from './run-route-command.ts'
import { runUserCommand } from './run-user-command.ts'

/** Does what the operator asked for. */
export async function runAdminCommand(
  database: AdminDatabase,
  command: AdminCommand,
  input: PasswordInput,
): Promise<AdminAnswer> {
  switch (command.kind) {
    case 'put-integration':
      await putIntegration(database.orm, command.id, command.name)
      return { exitCode: 0, note: `Integration ${command.id} is named ${command.name}.` }
    case 'list-integrations':
      return showIntegrations(database)
    case 'create-token':
      return makeToken(database, command)
    case 'list-tokens':
      return showTokens(database)
    case 'revoke-token':
      return (await revokeToken(database.orm, command.id))
        ? { exitCode: 0, note: `Token ${command.id} is revoked.` }
        : { exitCode: 1, note: `There is no living token ${command.id}.` }
    case 'create-user':
    case 'grant-user':
    case 'revoke-user':
    case 'disable-user':
    case 'set-password':
    case 'list-users':
    case 'revoke-sessions':
      return runUserCommand(database, command, input)
    case 'deploy-route':
    case 'deploy-service':
    case 'list-routes':
      return runRouteCommand(database, command)
    case 'show-retention':
    case 'set-retention':
      return runRetentionCommand(database, command)
    default:
      return command satisfies never
  }
}

async function makeToken(
  database: AdminDatabase,
  { integrations, name, scopes, email }: Extract<AdminCommand, { kind: 'create-token' }>,
): Promise<AdminAnswer> {
  const refused = await refuseMissing(database, integrations)
  if (refused) return refused
  const { id, token } = await createToken(database.orm, name, integrations, { scopes, email })
  const note = `Token ${id} reaches integration ${integrations.join(', ')}. It is shown only this once.`
  return { exitCode: 0, out: token, note }
}

async function showTokens({ sql }: AdminDatabase): Promise<AdminAnswer> {
  const tokens = await listTokens(sql)
  const rows = tokens.map((token) => [
    String(token.id),
    `${token.hint}…`,
    token.name,
    token.integrations.join(','),
    token.scopes ?? 'all',
    token.createdAt.toISOString(),
    token.revokedAt?.toISOString() ?? '-',
  ])
  const head = ['ID', 'HINT', 'NAME', 'INTEGRATIONS', 'SCOPES', 'CREATED', 'REVOKED']
  return { exitCode: 0, out: printTable([head, ...rows]), note: `Tokens: ${tokens.length}.` }
}

async function showIntegrations({ sql }: AdminDatabase): Promise<AdminAnswer> {
  const integrations = await listIntegrations(sql)
  const rows = integrations.map(({ id, name, createdAt }) => [String(id), name, createdAt.toISOString()])
  const out = printTable([['ID', 'NAME', 'CREATED'], ...rows])
  return { exitCode: 0, out, note: `Integrations: ${integrations.length}.` }
}
