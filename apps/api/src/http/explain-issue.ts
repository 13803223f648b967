import type { z } from 'zod'
import type { FieldCode } from './error-table.ts'
import type { JsonObject } from './parse-json-body.ts'
import type { FieldProblem } from './problem.ts'
import { pointerStep } from './quote.ts'

type Issue = z.core.$ZodIssue

/** What types are called when speaking to a caller. */
const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** A schema's issue in this API's own words and codes. */
export function explainIssue(issue: Issue, body: JsonObject): FieldProblem {
  const pointer = issue.path.map((step) => pointerStep(String(step))).join('')
  const name = pointer.slice(1).replaceAll('/', '.')
  const say = (code: FieldCode, what: string): FieldProblem => ({
    pointer,
    code,
    message: `${name} ${what}.`,
  })
  switch (issue.code) {
    case 'invalid_type':
      return valueAt(body, issue.path) === undefined
        ? say('required', 'is missing')
        : say('invalid_type', `must be ${typeNames[issue.expected] ?? issue.expected}`)
    case 'too_small':
      return say(...sizeWords(issue.origin, 'at least', issue.minimum))
    case 'too_big':
      return say(...sizeWords(issue.origin, 'at most', issue.maximum))
    case 'invalid_value':
      return say('invalid_value', `must be one of ${issue.values.map(String).join(', ')}`)
    case 'custom':
      return {
        pointer,
        code: (issue.params?.['code'] as FieldCode | undefined) ?? 'invalid_format',
        message: issue.message,
      }
    default:
      return say('invalid_format', 'is malformed')
  }
}

function sizeWords(
  origin: string,
  bound: 'at least' | 'at most',
  limit: number | bigint,
): [code: FieldCode, what: string] {
  const most = bound === 'at most'
  const have = `${most ? 'may' : 'must'} have ${bound} ${limit}`
  if (origin === 'string') return [most ? 'too_long' : 'too_short', `${have} characters`]
  if (origin === 'array') return [most ? 'too_many_items' : 'too_few_items', `${have} items`]
  return ['out_of_range', `${most ? 'may' : 'must'} be ${bound} ${limit}`]
}

function valueAt(body: JsonObject, path: readonly PropertyKey[]): unknown {
  let value: unknown = body
  for (const step of path)
    value =
      typeof value === 'object' && value !== null ? (value as Record<PropertyKey, unknown>)[step] : undefined
  return value
}
