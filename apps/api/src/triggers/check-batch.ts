import type { NewTrigger, Principal } from '@waybill/db'
import { rawElements, type IntegrationId } from '@waybill/domain'
import type { JsonBody, JsonObject } from '../http/parse-json-body.ts'
import { invalidBody, maxProblems, type FieldProblem } from '../http/problem.ts'
import { refuseUnknown } from '../http/unknown-field.ts'
import { checkScope } from './check-scope.ts'
import { checkTrigger, maxTriggerBytes, type CheckedTrigger } from './check-trigger.ts'

const names = { known: new Set(['triggers']), readOnly: new Set<string>() }
const maxTriggers = 1_000

type Element = { value: unknown; raw: string }

export type CheckedBatch = { integration: IntegrationId; triggers: NewTrigger[] }

/** So many are checked before others get a turn. */
const perTurn = 100

/** All triggers of a batch call, or a refusal that names what is wrong with them, up to a limit. */
export async function checkBatch(
  body: JsonBody,
  principal: Principal,
  nowMs: number,
  nextTurn: () => Promise<unknown>,
): Promise<CheckedBatch> {
  const problems: FieldProblem[] = []
  refuseUnknown('', Object.keys(body.value), names, problems)
  const checked: (CheckedTrigger | undefined)[] = []
  for (const element of readElements(body, problems)) {
    if (problems.length >= maxProblems) break
    if (checked.length % perTurn === perTurn - 1) await nextTurn()
    checked.push(checkElement(element, `/triggers/${checked.length}`, nowMs, problems))
  }
  const good = checked.filter((one) => one !== undefined)
  const [first] = good
  if (first) refuseMixed(checked, first.integration, problems)
  if (problems.length > 0 || !first) throw invalidBody(problems)
  checkScope(principal, first.integration)
  return { integration: first.integration, triggers: good.map((one) => one.trigger) }
}

function checkElement(
  { value, raw }: Element,
  pointer: string,
  nowMs: number,
  problems: FieldProblem[],
): CheckedTrigger | undefined {
  if (!isObject(value)) problems.push({ pointer, code: 'invalid_type', message: 'A trigger is an object.' })
  else if (isTooLarge(raw))
    problems.push({
      pointer,
      code: 'payload_too_large',
      message: `A trigger may have at most ${maxTriggerBytes} bytes.`,
    })
  else return checkTrigger(value, raw, pointer, nowMs, problems)
  return undefined
}

/** In UTF-8; a UTF-16 unit is 3 bytes at most, so most texts need no counting. */
const isTooLarge = (raw: string) =>
  raw.length * 3 > maxTriggerBytes && Buffer.byteLength(raw) > maxTriggerBytes

function readElements({ text, value, members }: JsonBody, problems: FieldProblem[]): Element[] {
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
    if (problems.length >= maxProblems) return
    const message = 'All triggers of a batch have the same integration_id.'
    problems.push({ pointer: `/triggers/${index}/integration_id`, code: 'mixed_integrations', message })
  }
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
