import { findEvent, nearNames, type CatalogueEntry, type CatalogueKind } from '@waybill/domain'
import type { FieldProblem } from '../http/problem.ts'
import { maxHints } from '../http/unknown-field.ts'
import { quote } from '../http/quote.ts'

const kinds: readonly CatalogueKind[] = ['order_status', 'order_event', 'facility_event']
const namePattern = /^[a-z0-9][a-z0-9_.-]{0,127}$/

/** The catalogue's entry for a trigger's kind and name; undefined when either was refused. */
export function checkEvent(
  kind: unknown,
  name: unknown,
  prefix: string,
  problems: FieldProblem[],
): CatalogueEntry | undefined {
  const knownKind = checkKind(kind, `${prefix}/kind`, problems)
  const pointer = `${prefix}/name`
  if (name === undefined) problems.push({ pointer, code: 'required', message: 'name is missing.' })
  else if (typeof name !== 'string')
    problems.push({ pointer, code: 'invalid_type', message: 'name is a text.' })
  else if (!namePattern.test(name))
    problems.push({
      pointer,
      code: 'invalid_event_type',
      message: `A name looks like ${namePattern.source}.`,
    })
  else if (knownKind) {
    const entry = findEvent(knownKind, name)
    if (entry) return entry
    problems.push({
      pointer,
      code: 'unknown_event_type',
      message: unknownName(knownKind, name, problems.length < maxHints),
    })
  }
  return undefined
}

function checkKind(kind: unknown, pointer: string, problems: FieldProblem[]): CatalogueKind | undefined {
  if (kinds.some((known) => known === kind)) return kind as CatalogueKind
  if (kind === undefined) problems.push({ pointer, code: 'required', message: 'kind is missing.' })
  else if (typeof kind !== 'string')
    problems.push({ pointer, code: 'invalid_type', message: 'kind is a text.' })
  else problems.push({ pointer, code: 'invalid_value', message: `kind is one of ${kinds.join(', ')}.` })
  return undefined
}

/** `an order_event`, `a facility_event`. */
export const withArticle = (kind: CatalogueKind) => `${kind.startsWith('o') ? 'an' : 'a'} ${kind}`

function unknownName(kind: CatalogueKind, name: string, hints: boolean): string {
  const other = kinds.find((one) => findEvent(one, name))
  if (other) return `${quote(name)} is ${withArticle(other)}, not ${withArticle(kind)}.`
  const near = hints ? nearNames(kind, name) : []
  const hint = near.length > 0 ? ` Did you mean ${near.map(quote).join(' or ')}?` : ''
  return `There is no ${kind} named ${quote(name)}.${hint}`
}
