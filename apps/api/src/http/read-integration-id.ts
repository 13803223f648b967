import { asIntegrationId, type IntegrationId } from '@waybill/domain'
import type { FieldProblem } from './problem.ts'

const largest = 2_147_483_647

/** An integration's id; undefined when it was refused. */
export function readIntegrationId(
  value: unknown,
  pointer: string,
  problems: FieldProblem[],
): IntegrationId | undefined {
  const refuse = (code: FieldProblem['code'], message: string): undefined => {
    problems.push({ pointer, code, message })
    return undefined
  }
  if (value === undefined) return refuse('required', 'integration_id is missing.')
  if (typeof value !== 'number') return refuse('invalid_type', 'integration_id is a whole number.')
  if (Number.isFinite(value) && Math.abs(value) > Number.MAX_SAFE_INTEGER)
    return refuse('unsafe_integer', 'The number is too large to be exact.')
  if (!Number.isFinite(value) || value < 1 || value > largest)
    return refuse('number_out_of_range', `integration_id is from 1 to ${largest}.`)
  return Number.isInteger(value)
    ? asIntegrationId(value)
    : refuse('invalid_type', 'integration_id is a whole number.')
}
