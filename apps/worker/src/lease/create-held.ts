/** What of one kind this worker has in its hands, claimed or about to be. */
export type Held<Id> = {
  /** Undefined: it is in its hands already. Otherwise what lets it go. */
  take(id: Id): (() => void) | undefined
  ids(): Iterable<Id>
  size(): number
  /** How long the one held longest has been held, in ms; 0 where none is. */
  oldestMs(): number
}

/** @param nowMs a monotonic clock */
export function createHeld<Id>(nowMs: () => number): Held<Id> {
  // In the order they were taken, so the first is the oldest.
  const since = new Map<Id, number>()
  return {
    take: (id) => {
      if (since.has(id)) return undefined
      since.set(id, nowMs())
      return () => void since.delete(id)
    },
    ids: () => since.keys(),
    size: () => since.size,
    oldestMs: () => {
      const [first] = since.values()
      return first === undefined ? 0 : nowMs() - first
    },
  }
}
