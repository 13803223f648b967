import { parseArgs } from 'node:util'
import { asIntegrationId, type IntegrationId } from '@waybill/domain'

/** What an operator asked for. `integrations` are the ids a token reaches. */
export type AdminCommand =
  | { kind: 'put-integration'; id: IntegrationId; name: string }
  | { kind: 'create-token'; integrations: IntegrationId[]; name: string }
  | { kind: 'list-integrations' | 'list-tokens' }
  | { kind: 'revoke-token'; id: number }

export type ReadCommand = { ok: true; command: AdminCommand } | { ok: false; problem: string }

export const adminUsage = `Usage:
  integration put --id <number> --name <text>           make an integration, or rename it
  integration list                                      print the integrations
  token create --integration <number>... --name <text>  make a token and print it, this once
  token list                                            print the tokens, but never a token itself
  token revoke --id <number>                            end a token

DATABASE_URL says which database.`

type Values = { id?: string; name?: string; integration?: string[] }

const text = { type: 'string' } as const
const texts = { type: 'string', multiple: true } as const

/** Reads the arguments of the operator's command. Pure. */
export function readAdminCommand(args: readonly string[]): ReadCommand {
  const [noun = '', verb = '', ...rest] = args
  switch (`${noun} ${verb}`) {
    case 'integration put':
      return read(rest, { id: text, name: text }, ({ id, name }) => ({
        kind: 'put-integration',
        id: asIntegrationId(readId('--id', id)),
        name: readName(name),
      }))
    case 'integration list':
      return read(rest, {}, () => ({ kind: 'list-integrations' }))
    case 'token list':
      return read(rest, {}, () => ({ kind: 'list-tokens' }))
    case 'token create':
      return read(rest, { integration: texts, name: text }, ({ integration = [], name }) => ({
        kind: 'create-token',
        integrations: readIntegrations(integration),
        name: readName(name),
      }))
    case 'token revoke':
      return read(rest, { id: text }, ({ id }) => ({ kind: 'revoke-token', id: readId('--id', id) }))
    default:
      return {
        ok: false,
        problem: noun === '' ? 'Say what to do.' : `There is no command "${noun} ${verb}".`,
      }
  }
}

/** Says what is wrong with an argument; caught right here. */
class BadArgument extends Error {}

function read(
  args: string[],
  options: Record<string, typeof text | typeof texts>,
  toCommand: (values: Values) => AdminCommand,
): ReadCommand {
  try {
    const { values } = parseArgs({ args, options, strict: true, allowPositionals: false })
    return { ok: true, command: toCommand(values) }
  } catch (error) {
    if (error instanceof BadArgument) return { ok: false, problem: error.message }
    const { code, message } = error as NodeJS.ErrnoException
    if (!code?.startsWith('ERR_PARSE_ARGS_')) throw error
    return { ok: false, problem: message }
  }
}

const largestId = 2_147_483_647

function readId(option: string, value: string | undefined): number {
  if (value === undefined) throw new BadArgument(`${option} is missing.`)
  const id = /^\d{1,10}$/.test(value) ? Number(value) : 0
  if (id < 1 || id > largestId)
    throw new BadArgument(`${option} is a whole number from 1 to ${largestId}, not "${value}".`)
  return id
}

function readIntegrations(values: string[]): IntegrationId[] {
  if (values.length === 0) throw new BadArgument('--integration is missing.')
  return [...new Set(values.map((value) => asIntegrationId(readId('--integration', value))))]
}

const longestName = 200

function readName(value: string | undefined): string {
  const name = value?.trim() ?? ''
  if (name === '') throw new BadArgument('--name is missing.')
  if (name.length > longestName) throw new BadArgument(`--name has at most ${longestName} characters.`)
  return name
}
