import type { z } from 'zod'
import { explainIssue } from './explain-issue.ts'
import type { FieldCode } from './error-table.ts'
import type { JsonObject } from './parse-json-body.ts'
import { invalidBody, maxProblems, type FieldProblem } from './problem.ts'
import { refuseUnknown, type FieldNames } from './unknown-field.ts'

/** Checks a body against a strict zod object; throws a Problem that names what is wrong. */
export function readFields<T>(schema: z.ZodType<T>, body: JsonObject, names: FieldNames): T {
  const result = schema.safeParse(body)
  if (result.success) return result.data
  const problems: FieldProblem[] = []
  for (const issue of result.error.issues) {
    if (problems.length >= maxProblems) break
    if (issue.code === 'unrecognized_keys') refuseUnknown('', issue.keys, names, problems)
    else problems.push(explainIssue(issue, body))
  }
  throw invalidBody(problems)
}

/** An issue of our own inside a schema: adds a field problem with this code. */
export function refuse(context: z.RefinementCtx, code: FieldCode, message: string): void {
  context.addIssue({ code: 'custom', message, params: { code } })
}
