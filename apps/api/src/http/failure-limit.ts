export type FailureLimit = {
  /**
   * Counts an attempt as failed before it is known how it ends, so that many at once cannot pass together. How long the
   * caller has to wait, in ms, when there were too many already.
   */
  take(key: string): number | undefined
  /** It was none after all. */
  giveBack(key: string): void
}

type FailureLimitOptions = { most: number; windowMs: number; monotonic: () => number }

const maxKeys = 10_000

/**
 * Failed attempts by key, `most` within a window that begins with the first. In memory and of bounded size, the key that
 * was not seen for longest goes first: a limiter with a timer and an entry for every key that was ever sent could be
 * filled by those whom it is to keep away.
 */
export function createFailureLimit({ most, windowMs, monotonic }: FailureLimitOptions): FailureLimit {
  const failures = new Map<string, { count: number; since: number }>()
  return {
    take: (key) => {
      const now = monotonic()
      const known = failures.get(key)
      const entry = known && now - known.since < windowMs ? known : { count: 0, since: now }
      failures.delete(key)
      failures.set(key, entry)
      if (failures.size > maxKeys) for (const oldest of failures.keys()) if (failures.delete(oldest)) break
      if (entry.count >= most) return windowMs - (now - entry.since)
      entry.count += 1
      return undefined
    },
    giveBack: (key) => {
      const entry = failures.get(key)
      if (entry && entry.count > 0) entry.count -= 1
    },
  }
}
