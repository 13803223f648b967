import { parseArgs } from 'node:util'
import { asIntegrationId, type IntegrationId } from '@waybill/domain'
import { isEmail } from '../planomatic/identity/is-email.ts'

/** A command as it was understood, or what is wrong with it. */
export type Read<C> = { ok: true; command: C } | { ok: false; problem: string }

/** An option's values: one that may come once, one that may come often, one without a value. */
export const text = { type: 'string' } as const
export const texts = { type: 'string', multiple: true } as const
export const flag = { type: 'boolean' } as const

type Options = Record<string, typeof text | typeof texts | typeof flag>
type Values<O extends Options> = {
  [K in keyof O]?: O[K] extends typeof texts ? string[] : O[K] extends typeof flag ? boolean : string
}

/** Says what is wrong with an argument; caught right here. */
export class BadArgument extends Error {}

/** Reads options and nothing else; every reader below may refuse its value. */
export function readArguments<const O extends Options, C>(
  args: string[],
  options: O,
  toCommand: (values: Values<O>) => C,
): Read<C> {
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

export function readText(option: string, value: string | undefined): string {
  const given = value?.trim() ?? ''
  if (given === '') throw new BadArgument(`${option} is missing.`)
  if (given.length > longest) throw new BadArgument(`${option} has at most ${longest} characters.`)
  return given
}

const longest = 200
const largestId = 2_147_483_647

export function readId(option: string, value: string | undefined): number {
  if (value === undefined) throw new BadArgument(`${option} is missing.`)
  const id = /^\d{1,10}$/.test(value) ? Number(value) : 0
  if (id < 1 || id > largestId)
    throw new BadArgument(`${option} is a whole number from 1 to ${largestId}, not "${value}".`)
  return id
}

/** Each once, in the order given; none at all is fine. */
export const readIntegrations = (values: readonly string[] = []): IntegrationId[] => [
  ...new Set(values.map((value) => asIntegrationId(readId('--integration', value)))),
]

export function readEmail(option: string, value: string | undefined): string {
  const email = readText(option, value)
  if (!isEmail(email)) throw new BadArgument(`${option} is an e-mail address, not "${email}".`)
  return email
}

/** Each once; none at all is fine. */
export function readChoices<T extends string>(
  option: string,
  values: readonly string[] | undefined,
  known: readonly T[],
): T[] {
  const chosen = (values ?? []).map((value) => {
    const found = known.find((one) => one === value)
    if (found === undefined) throw new BadArgument(`${option} is one of ${known.join(', ')}, not "${value}".`)
    return found
  })
  return [...new Set(chosen)]
}
