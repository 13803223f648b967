export type OnError = (error: Error) => void

/** Messages remembered at most, so that messages with ids in them cannot fill the memory. */
const maxRemembered = 200

/**
 * Passes an error on unless one with the same message went by within `everyMs`: a lost server repeats itself at every
 * attempt to reach it. What `onError` throws is swallowed, since nobody stands above a background connection.
 */
export const limitErrors = (onError: OnError, everyMs = 5_000, now: () => number = Date.now): OnError => {
  const passed = new Map<string, number>()
  return (error) => {
    const at = now()
    const last = passed.get(error.message)
    if (last !== undefined && at - last < everyMs) return
    if (passed.size >= maxRemembered) passed.clear()
    passed.set(error.message, at)
    try {
      onError(error)
    } catch {
      // A logger that fails must not take the connection with it.
    }
  }
}

/** Anything that was thrown, as an Error. */
export const toError = (thrown: unknown): Error =>
  thrown instanceof Error ? thrown : new Error(String(thrown))
