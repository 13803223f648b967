import { editDistance } from '@waybill/domain'
import type { FieldProblem } from './problem.ts'
import { pointerStep, quote } from './quote.ts'

const plain = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, '')

/** Says that a body has a member nobody reads: one that only we set, or one that may be a typo. */
export function unknownField(
  prefix: string,
  name: string,
  known: Iterable<string>,
  readOnly: ReadonlySet<string>,
): FieldProblem {
  const pointer = prefix + pointerStep(name)
  if ([...readOnly].some((field) => plain(field) === plain(name)))
    return {
      pointer,
      code: 'read_only_field',
      message: `${quote(name)} is set by the service, not by the caller.`,
    }
  const near = nearest(plain(name), known)
  const hint = near === undefined ? '' : ` Did you mean ${quote(near)}?`
  return { pointer, code: 'unknown_field', message: `There is no field ${quote(name)}.${hint}` }
}

function nearest(typed: string, known: Iterable<string>): string | undefined {
  if (typed.length > 40) return undefined
  let best: { name: string; distance: number } | undefined
  for (const name of known) {
    const distance = editDistance(typed, plain(name))
    if (distance <= 2 && distance < name.length / 2 && distance < (best?.distance ?? Infinity))
      best = { name, distance }
  }
  return best?.name
}
