import { setTimeout as delay } from 'node:timers/promises'

export type EventuallyOptions = {
  /** Default: 20,000. */
  timeoutMs?: number
  /** Pause between two checks. Default: 25. */
  everyMs?: number
}

/**
 * Calls `check` until it returns something truthy without throwing, and returns that. Throws after `timeoutMs`, with
 * what went wrong last as message and cause.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 20_000, everyMs = 25 }: EventuallyOptions = {},
): Promise<T> {
  const giveUpAt = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown
    try {
      const value = await check()
      if (value) return value
      failure = new Error(`the check returned ${String(value)}`)
    } catch (error) {
      failure = error
    }
    if (performance.now() >= giveUpAt) {
      const reason = failure instanceof Error ? failure.message : String(failure)
      throw new Error(`Not so within ${timeoutMs} ms: ${reason}`, { cause: failure })
    }
    await delay(everyMs)
  }
}
