import { types } from 'node:util'

const REDACTED = '[redacted]'
const MAX_DEPTH = 6
const MAX_ITEMS = 100
const MAX_TEXT = 8_192

/** Keys, lower case and without separators, whose value is never printed. */
const SECRET_KEY =
  /(?:authorization|tokens?|secrets?|passwords?|passwd|cookies?|(?:api|private|access|signing|encryption|secret)keys?|credentials?|signatures?|body|bodies)$/
const URL_KEY = /(?:url|uri)s?$/

const SECRET_TEXT =
  /\bwh(?:sec|sk)_[\w+/=-]+|\bwb[st]_[\w-]+|\b(bearer|basic)\s+[\w.~+/=-]+|\b([a-z][a-z0-9+.-]{0,19}:\/\/)[^\s/?#]*@/gi

/**
 * Copies a value for the log without what must not be there: values of secret-looking keys, secrets recognised by
 * their shape, bodies, URLs beyond their origin, statements and their parameters. Depth, items and text lengths are
 * bounded, so a cycle ends as well.
 */
export function redact(value: unknown, key = '', depth = 0): unknown {
  if (value === null || value === undefined || typeof value === 'boolean') return value
  const name = key && normalise(key)
  if (name && SECRET_KEY.test(name)) return REDACTED
  switch (typeof value) {
    case 'number':
      return value
    case 'bigint':
      return String(value)
    case 'string':
      return name && URL_KEY.test(name) ? originOf(value) : redactText(value)
    case 'object':
      return redactObject(value, key, depth)
    default:
      return undefined // functions and symbols say nothing in a log
  }
}

/** Replaces secrets that a text shows by their shape: `whsec_…`, `wbt_…`, `wbs_…`, `Bearer …`, `user:password@` in a URL. */
export function redactText(text: string): string {
  const short = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text
  return short.replace(SECRET_TEXT, (_match, scheme?: string, prefix?: string) => {
    if (prefix) return `${prefix}${REDACTED}@`
    return scheme ? `${scheme} ${REDACTED}` : REDACTED
  })
}

function redactObject(value: object, key: string, depth: number): unknown {
  if (isError(value)) return redactError(value, depth)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof URL) return originOf(value.href)
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (depth >= MAX_DEPTH) return '[deep]'
  if (value instanceof Map || value instanceof Set) return `[${value.size} entries]`
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => redact(item, key, depth + 1))
    return value.length > MAX_ITEMS ? [...items, `… ${value.length - MAX_ITEMS} more`] : items
  }
  const copy: Record<string, unknown> = {}
  for (const [name, item] of Object.entries(value).slice(0, MAX_ITEMS))
    copy[name] = redact(item, name, depth + 1)
  return copy
}

function redactError(error: LoggedError, depth: number): Record<string, unknown> {
  if (isStatementError(error)) return redactStatementError(error)
  const { code, message, stack, cause } = error
  return {
    ...(isCode(code) ? { code } : {}),
    message: redactText(message),
    stack: redactText(stack ?? ''),
    ...(isError(cause) && depth < MAX_DEPTH ? { cause: redactError(cause, depth + 1) } : {}),
  }
}

type LoggedError = Error & { code?: unknown }

/** Also those of another realm, which are of no class that is known here. */
const isError = (value: unknown): value is LoggedError => value instanceof Error || types.isNativeError(value)

const isCode = (code: unknown): code is string | number =>
  typeof code === 'string' || typeof code === 'number'

/** By shape: the mapper's class is not known here. */
const isStatementError = (error: Error): boolean => 'query' in error && 'params' in error

/**
 * A statement that failed: its message quotes it with all its parameters, which are people's addresses and URLs with
 * keys in them. What the database said of it is in the cause; of the rest only where it was called remains.
 */
function redactStatementError(error: LoggedError): Record<string, unknown> {
  let cause: unknown = error
  for (let steps = 0; steps < MAX_DEPTH && isError(cause) && isStatementError(cause); steps += 1)
    cause = cause.cause
  const said = isError(cause) && !isStatementError(cause) ? cause : undefined
  return {
    name: error.constructor.name,
    ...(isCode(said?.code) ? { code: said.code } : {}),
    message: redactText(said?.message ?? 'a statement failed'),
    stack: redactText(framesOf(error)),
  }
}

/** The stack without the message it begins with; none where they cannot be told apart. */
function framesOf({ message, stack = '' }: Error): string {
  const start = message === '' ? -1 : stack.indexOf(message)
  return start < 0 ? '' : stack.slice(start + message.length).trimStart()
}

/** Paths and queries of subscribers' URLs often carry keys, so only who is spoken to is kept. */
function originOf(text: string): string {
  try {
    const { protocol, host } = new URL(text)
    return host ? `${protocol}//${host}` : protocol
  } catch {
    return REDACTED
  }
}

const known = new Map<string, string>()

/** `X-Api_Key` and `xApiKey` are one name. Names repeat, so they are remembered, but not without bound. */
function normalise(key: string): string {
  let name = known.get(key)
  if (name === undefined) {
    name = key.toLowerCase().replace(/[^a-z0-9]/g, '')
    if (known.size < 1_000) known.set(key, name)
  }
  return name
}
