import {
  createToken,
  listIntegrations,
  listTokens,
  putIntegration,
  revokeToken,
  type Database,
} from '@waybill/db'
import { printTable } from './print-table.ts'
import type { AdminCommand } from './read-admin-command.ts'

/** `out` is what a script wants to read, `note` what a person does. */
export type AdminAnswer = { exitCode: number; out?: string; note: string }

type AdminDatabase = Pick<Database, 'sql' | 'orm'>

/** Does what the operator asked for. */
export async function runAdminCommand(database: AdminDatabase, command: AdminCommand): Promise<AdminAnswer> {
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
    default:
      return command satisfies never
  }
}

async function makeToken(
  { sql, orm }: AdminDatabase,
  { integrations, name }: Extract<AdminCommand, { kind: 'create-token' }>,
): Promise<AdminAnswer> {
  const existing = new Set((await listIntegrations(sql)).map((integration) => integration.id))
  const missing = integrations.find((id) => !existing.has(id))
  if (missing !== undefined) {
    const remedy = `Make it first: integration put --id ${missing} --name <text>`
    return { exitCode: 1, note: `There is no integration ${missing}. ${remedy}` }
  }
  const { id, token } = await createToken(orm, name, integrations)
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
    token.createdAt.toISOString(),
    token.revokedAt?.toISOString() ?? '-',
  ])
  const head = ['ID', 'HINT', 'NAME', 'INTEGRATIONS', 'CREATED', 'REVOKED']
  return { exitCode: 0, out: printTable([head, ...rows]), note: `Tokens: ${tokens.length}.` }
}

async function showIntegrations({ sql }: AdminDatabase): Promise<AdminAnswer> {
  const integrations = await listIntegrations(sql)
  const rows = integrations.map(({ id, name, createdAt }) => [String(id), name, createdAt.toISOString()])
  const out = printTable([['ID', 'NAME', 'CREATED'], ...rows])
  return { exitCode: 0, out, note: `Integrations: ${integrations.length}.` }
}
