import type { FieldCode } from './error-table.ts'
import type { FieldProblem } from './problem.ts'

type Rule = { pointer: string; code: FieldCode; max: number }

/** Controls, direction overrides, and halves of surrogate pairs: two ids must not look the same. */
const unfit = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u

/** An id of the caller's, text or whole number, as the text it is kept as; undefined when it was refused. */
export function readId(value: unknown, rule: Rule, problems: FieldProblem[]): string | undefined {
  const { pointer, code, max } = rule
  const refuse = (refusal: FieldCode, message: string): undefined => {
    problems.push({ pointer, code: refusal, message })
    return undefined
  }
  if (typeof value === 'number') {
    if (!Number.isFinite(value) || Object.is(value, -0))
      return refuse('number_out_of_range', 'This is no whole number.')
    if (!Number.isInteger(value)) return refuse('invalid_type', 'An id is a text or a whole number.')
    return Number.isSafeInteger(value)
      ? String(value)
      : refuse('unsafe_integer', 'The number is too large to be exact: send it as a string.')
  }
  if (typeof value !== 'string') return refuse('invalid_type', 'An id is a text or a whole number.')
  if (value.trim() === '') return refuse('too_short', 'An id must not be empty or blank.')
  if (value.length > max) return refuse(code, `An id may have at most ${max} characters.`)
  if (unfit.test(value)) return refuse(code, 'An id must not contain control or direction characters.')
  return value
}
