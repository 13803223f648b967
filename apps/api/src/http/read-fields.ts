import type { z } from 'zod'
import type { FieldCode } from './error-table.ts'
import type { JsonObject } from './parse-json-body.ts'
import { invalidBody, type FieldProblem } from './problem.ts'
import { pointerStep } from './quote.ts'
import { unknownField } from './unknown-field.ts'

type Issue = z.core.$ZodIssue

/** Checks a body against a strict zod object; throws a Problem that names everything wrong. */
export function readFields<T>(schema: z.ZodType<T>, body: JsonObject, names: FieldNames): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  throw invalidBody(result.error.issues.flatMap((issue) => toProblems(issue, names)))
}

/** What a body may hold, and what callers are told that only we set. */
export type FieldNames = { known: readonly string[]; readOnly: ReadonlySet<string> }

/** An issue of our own inside a schema: adds a field problem with this code. */
export function refuse(context: z.RefinementCtx, code: FieldCode, message: string): void {
  context.addIssue({ code: 'custom', message, params: { code } })
}

function toProblems(issue: Issue, names: FieldNames): FieldProblem[] {
  const pointer = issue.path.map((step) => pointerStep(String(step))).join('')
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => unknownField(pointer, key, names.known, names.readOnly))
  return [{ pointer, code: codeOf(issue), message: sentence(issue.message) }]
}

function codeOf(issue: Issue): FieldCode {
  switch (issue.code) {
    case 'invalid_type':
      return issue.message.endsWith('received undefined') ? 'required' : 'invalid_type'
    case 'too_small':
      return sizeCode(issue.origin, 'too_short', 'too_few_items')
    case 'too_big':
      return sizeCode(issue.origin, 'too_long', 'too_many_items')
    case 'invalid_value':
      return 'invalid_value'
    case 'custom':
      return (issue.params?.['code'] as FieldCode | undefined) ?? 'invalid_format'
    default:
      return 'invalid_format'
  }
}

function sizeCode(origin: string, ofText: FieldCode, ofList: FieldCode): FieldCode {
  if (origin === 'string') return ofText
  return origin === 'array' ? ofList : 'out_of_range'
}

const sentence = (message: string) => (message.endsWith('.') ? message : `${message}.`)
