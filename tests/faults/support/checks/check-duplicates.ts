import { countDuplicates, duplicatesById } from './count-duplicates.ts'
import { failuresOf, type Failures } from './failures.ts'
import type { Ledgers } from './read-ledgers.ts'

/** `byId`: how often each webhook-id may come again; `total`: how many duplicates there may be, whichever. */
export type DuplicateBound = { byId: ReadonlyMap<string, number> } | { total: number }

/** C3 and I4: no more duplicates than allowed, each with the bytes of the first, all of them signed. */
export function checkDuplicates(ledgers: Ledgers, bound: DuplicateBound): Failures {
  const hashes = new Map<string, string>()
  const changed = ledgers.received.filter(({ id, hash }) => {
    const first = hashes.get(id) ?? hash
    hashes.set(id, first)
    return first !== hash
  })
  return [
    ...tooMany(ledgers, bound),
    ...failuresOf(
      'I4 other bytes under the same webhook-id',
      changed.map(({ id }) => id),
    ),
    ...failuresOf(
      'I4 not signed',
      ledgers.received.filter(({ signed }) => !signed).map(({ id }) => id),
    ),
  ]
}

function tooMany(ledgers: Ledgers, bound: DuplicateBound): Failures {
  if ('total' in bound) {
    const duplicates = countDuplicates(ledgers)
    return duplicates > bound.total ? [`C3 ${duplicates} duplicates, at most ${bound.total} are allowed`] : []
  }
  return failuresOf(
    'C3 came again without a reason',
    [...duplicatesById(ledgers)]
      .filter(([id, n]) => n > (bound.byId.get(id) ?? 0))
      .map(([id, n]) => `${id} ${n} times, not ${bound.byId.get(id) ?? 0}`),
  )
}
