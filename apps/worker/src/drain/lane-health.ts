/**
 * How an endpoint has been doing, as its lane remembers it. `unwell` counts answers in a row that say the endpoint is in
 * trouble; `limit` is how many requests may be open, null the subscription's own limit.
 */
export type LaneHealth = { unwell: number; limit: number | null }

/** Answers in a row, none of them well, at which the breaker opens. */
export const unwellToOpen = 10

/** How many requests may be open at an endpoint whose breaker is open. */
export const openLimit = 4

/** The longest that an endpoint's Retry-After keeps its whole lane waiting; its own delivery may wait longer. */
export const maxBlockedMs = 300_000

export const isOpen = ({ unwell }: LaneHealth): boolean => unwell >= unwellToOpen

/**
 * The lane's health after one more answer. An open breaker leaves a few requests, which are its probes; from there every
 * good answer makes room for one more, so that an endpoint that comes back is not run over.
 *
 * @param cap the subscription's own limit
 */
export function healthAfter({ unwell, limit }: LaneHealth, isWell: boolean, cap: number): LaneHealth {
  if (isWell) return { unwell: 0, limit: limit === null || limit + 1 >= cap ? null : limit + 1 }
  const after = { unwell: unwell + 1, limit }
  return isOpen(after) ? { ...after, limit: Math.min(openLimit, cap) } : after
}
