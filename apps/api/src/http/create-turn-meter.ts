/** How long the present turn of the event loop has been at work on requests when one more comes, in ms. */
export type TurnMeter = (nowMs: number) => number

/**
 * A turn of Node's event loop reads every socket that has something to read before it does anything else. Under more load
 * than the process can take turns grow, and what is read late in one has waited for all of it.
 */
export function createTurnMeter(): TurnMeter {
  let begunAt: number | undefined
  return (nowMs) => {
    if (begunAt === undefined) {
      begunAt = nowMs
      setImmediate(() => (begunAt = undefined))
    }
    return nowMs - begunAt
  }
}
