export type FailureLimit = {
  /** How long the key is refused, in ms; undefined while there were not too many failures. Counts nothing. */
  waits(key: string | number): number | undefined
  /** Counts a failure; how long the key is refused, in ms, when there were too many before this one. */
  count(key: string | number): number | undefined
}

type FailureLimitOptions = { most: number; windowMs: number; monotonic: () => number }

const maxKeys = 10_000

/**
 * Failures by key, `most` within a window that begins with the first. In memory and of bounded size, the key that was not
 * seen for longest goes first: a limiter with a timer and an entry for every key that was ever sent could be filled by
 * those whom it is to keep away. Only what has failed counts, never what is still under way.
 */
export function createFailureLimit({ most, windowMs, monotonic }: FailureLimitOptions): FailureLimit {
  const failures = new Map<string | number, { count: number; since: number }>()

  const waits = (key: string | number): number | undefined => {
    const known = failures.get(key)
    if (!known) return undefined
    failures.delete(key)
    const leftMs = windowMs - (monotonic() - known.since)
    if (leftMs <= 0) return undefined
    failures.set(key, known)
    return known.count >= most ? leftMs : undefined
  }
  return {
    waits,
    count: (key) => {
      const waitMs = waits(key)
      if (waitMs !== undefined) return waitMs
      const known = failures.get(key)
      if (known) known.count += 1
      else failures.set(key, { count: 1, since: monotonic() })
      if (failures.size > maxKeys) for (const oldest of failures.keys()) if (failures.delete(oldest)) break
      return undefined
    },
  }
}
