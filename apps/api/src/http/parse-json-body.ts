import { isUtf8 } from 'node:buffer'
import { scanJson, type Span } from '@waybill/domain'
import { checkTree } from './check-tree.ts'
import { findJsonError } from './find-json-error.ts'
import { findUtf8Error } from './find-utf8-error.ts'
import { invalidBody, problem } from './problem.ts'

export type JsonObject = Readonly<Record<string, unknown>>

/** `members` tells where each value of the top-level object stands in `text`. */
export type JsonBody = { text: string; value: JsonObject; members: ReadonlyMap<string, Span> }

export const maxDepth = 32

/** A body's bytes as the JSON object they must be; every refusal says where. */
export function parseJsonBody(bytes: Buffer, depth = maxDepth): JsonBody {
  if (bytes.length === 0) throw problem('body_required', 'Send a JSON object as the body.')
  if (!isUtf8(bytes))
    throw problem('invalid_utf8', `The byte at offset ${findUtf8Error(bytes)} is not valid UTF-8.`)
  const text = bytes.toString('utf8')
  const scan = scanJson(text, { maxDepth: depth })
  if (!scan.ok) throw problem('json_too_deep', `Objects and arrays may be nested ${maxDepth} deep.`)
  const value = parse(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw problem('body_must_be_object', 'Send a JSON object, like {"name": "value"}.')
  const wrong = checkTree(text, value)
  if (wrong) throw invalidBody([wrong])
  return { text, value: value as JsonObject, members: scan.members }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    if (text.startsWith('\ufeff'))
      throw problem('invalid_json', 'The body starts with a byte order mark (BOM): send JSON without one.')
    const offset = findJsonError(text)
    const before = text.slice(0, offset)
    const line = before.split('\n').length
    const column = offset - before.lastIndexOf('\n')
    const what = offset >= text.length ? 'The body ends too early' : 'The body is not JSON'
    throw problem('invalid_json', `${what}: line ${line}, column ${column}.`)
  }
}
