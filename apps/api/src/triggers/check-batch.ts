import type { NewTrigger, Principal } from '@waybill/db'
import { rawElements, type IntegrationId } from '@waybill/domain'
import type { JsonBody, JsonObject } from '../http/parse-json-body.ts'
import { invalidBody, type FieldProblem } from '../http/problem.ts'
import { unknownField } from '../http/unknown-field.ts'
import { checkScope } from './check-scope.ts'
import { checkTrigger, type CheckedTrigger } from './check-trigger.ts'

const fields = ['triggers']
const nothing: ReadonlySet<string> = new Set()
const maxTriggers = 1_000
/** More would only make the answer long: a caller that sends a thousand wrong triggers has one bug. */
const maxProblems = 1_000

/** All triggers of a batch call, or a refusal that names everything wrong with any of them. */
export function checkBatch(
  body: JsonBody,
  principal: Principal,
  nowMs: number,
): { integration: IntegrationId; triggers: NewTrigger[] } {
  const problems: FieldProblem[] = []
  for (const name of Object.keys(body.value))
    if (!fields.includes(name)) problems.push(unknownField('', name, fields, nothing))
  const elements = readElements(body, problems)
  const checked = elements.map(({ value, raw }, index) => {
    const prefix = `/triggers/${index}`
    if (isObject(value)) return checkTrigger(value, raw, prefix, nowMs, problems)
    problems.push({ pointer: prefix, code: 'invalid_type', message: 'A trigger is an object.' })
    return undefined
  })
  const good = checked.filter((one) => one !== undefined)
  const [first] = good
  if (first) refuseMixed(checked, first.integration, problems)
  if (problems.length > 0 || !first) throw invalidBody(problems.slice(0, maxProblems))
  checkScope(principal, first.integration)
  return { integration: first.integration, triggers: good.map((one) => one.trigger) }
}

function readElements(
  { text, value, members }: JsonBody,
  problems: FieldProblem[],
): { value: unknown; raw: string }[] {
  const pointer = '/triggers'
  const triggers = value['triggers']
  const span = members.get('triggers')
  if (!Array.isArray(triggers) || !span) {
    const missing = triggers === undefined
    problems.push({
      pointer,
      code: missing ? 'required' : 'invalid_type',
      message: 'triggers is an array of triggers.',
    })
    return []
  }
  if (triggers.length === 0) problems.push({ pointer, code: 'too_few_items', message: 'triggers is empty.' })
  if (triggers.length > maxTriggers) {
    problems.push({
      pointer,
      code: 'too_many_items',
      message: `A batch has at most ${maxTriggers} triggers.`,
    })
    return []
  }
  return rawElements(text, span.start, span.end).map(({ start, end }, index) => ({
    value: triggers[index] as unknown,
    raw: text.slice(start, end),
  }))
}

/** An entry, its key and its ids belong to one integration. */
function refuseMixed(
  checked: readonly (CheckedTrigger | undefined)[],
  integration: IntegrationId,
  problems: FieldProblem[],
): void {
  for (const [index, one] of checked.entries()) {
    if (!one || one.integration === integration) continue
    const message = 'All triggers of a batch have the same integration_id.'
    problems.push({ pointer: `/triggers/${index}/integration_id`, code: 'mixed_integrations', message })
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
