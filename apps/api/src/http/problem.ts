import { CodedError } from '@waybill/domain'
import { errorTable, type ErrorCode, type FieldCode } from './error-table.ts'

/** What is wrong with one member of the body; `pointer` is a JSON Pointer (RFC 6901). */
export type FieldProblem = { pointer: string; code: FieldCode; message: string }

type ProblemOptions = {
  errors?: readonly FieldProblem[]
  headers?: Readonly<Record<string, string>>
  cause?: unknown
}

/** A refusal on its way to the edge, which turns it into a dialect's own words. */
export class Problem extends CodedError {
  override readonly name = 'Problem'
  readonly errors: readonly FieldProblem[]
  readonly headers: Readonly<Record<string, string>>

  constructor(code: ErrorCode | FieldCode, status: number, detail: string, options: ProblemOptions = {}) {
    super(code, detail, { status, cause: options.cause })
    this.errors = options.errors ?? []
    this.headers = options.headers ?? {}
  }
}

/** A refusal with the status its code has in the table. */
export function problem(code: ErrorCode, detail: string, options: ProblemOptions = {}): Problem {
  return new Problem(code, errorTable[code][0], detail, options)
}

/** Enough for a person to act on; looking for more would keep everybody else waiting. */
export const maxProblems = 100

/**
 * A 422 naming what is wrong, the first {@link maxProblems} things at most; one thing alone lends its code to the whole
 * answer.
 */
export function invalidBody(found: readonly FieldProblem[]): Problem {
  const errors = found.slice(0, maxProblems)
  const [first] = errors
  if (errors.length === 1 && first) return new Problem(first.code, 422, first.message, { errors })
  const detail =
    errors.length < maxProblems
      ? `${errors.length} things are wrong; see errors.`
      : `At least ${maxProblems} things are wrong; errors names the first ${maxProblems}.`
  return problem('validation_failed', detail, { errors })
}

/** A 503 that may simply be sent again. */
export function unavailable(
  code:
    | 'storage_unavailable'
    | 'schema_outdated'
    | 'commit_unknown'
    | 'overloaded'
    | 'query_too_slow'
    | 'mail_not_sent',
  detail: string,
  cause?: unknown,
): Problem {
  return problem(code, detail, { headers: { 'retry-after': '1' }, cause })
}
