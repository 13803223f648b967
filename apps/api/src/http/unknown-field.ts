import { editDistance } from '@waybill/domain'
import { maxProblems, type FieldProblem } from './problem.ts'
import { pointerStep, quote } from './quote.ts'

/** What a body may hold, what only we set, and what to say of certain other members instead of the usual. */
export type FieldNames = {
  known: ReadonlySet<string>
  readOnly: ReadonlySet<string>
  advice?: Readonly<Record<string, Omit<FieldProblem, 'pointer'>>>
}

/** Comparing names costs: further problems, and longer names, get no hint. */
export const maxHints = 20
const longestTypo = 64

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Adds a problem for each name that nobody reads, until there are {@link maxProblems} in all. */
export function refuseUnknown(
  prefix: string,
  given: Iterable<string>,
  names: FieldNames,
  problems: FieldProblem[],
): void {
  for (const name of given) {
    if (names.known.has(name)) continue
    if (problems.length >= maxProblems) return
    problems.push(unknownField(prefix, name, names, problems.length < maxHints))
  }
}

/** Says that a body has a member nobody reads: one that only we set, or one that may be a typo. */
function unknownField(prefix: string, name: string, names: FieldNames, hints: boolean): FieldProblem {
  const pointer = prefix + pointerStep(name)
  const { advice = {}, readOnly, known } = names
  if (Object.hasOwn(advice, name) && advice[name]) return { pointer, ...advice[name] }
  const typed = name.length > longestTypo ? undefined : plain(name)
  if (typed !== undefined && [...readOnly].some((field) => plain(field) === typed))
    return {
      pointer,
      code: 'read_only_field',
      message: `${quote(name)} is set by the service, not by the caller.`,
    }
  const near = hints && typed !== undefined ? nearest(typed, known) : undefined
  const hint = near === undefined ? '' : ` Did you mean ${quote(near)}?`
  return { pointer, code: 'unknown_field', message: `There is no field ${quote(name)}.${hint}` }
}

function nearest(typed: string, known: Iterable<string>): string | undefined {
  let best: { name: string; distance: number } | undefined
  for (const name of known) {
    const distance = editDistance(typed, plain(name))
    if (distance <= 2 && distance < name.length / 2 && distance < (best?.distance ?? Infinity))
      best = { name, distance }
  }
  return best?.name
}
