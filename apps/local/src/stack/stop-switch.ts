/** Why the stack ends. `code` is the exit code. */
export type StopReason = { why: string; code: 0 | 1 }

export type StopSwitch = {
  /** Asks for the end; only the first reason counts. */
  stop(reason: StopReason): void
  /** Asks for a faster end. */
  hurry(): void
  asked: Promise<StopReason>
  /** Aborted when `asked` resolves. */
  stopping: AbortSignal
  hurried: AbortSignal
}

export function createStopSwitch(): StopSwitch {
  const stopping = new AbortController()
  const hurried = new AbortController()
  let resolveAsked: (reason: StopReason) => void
  const asked = new Promise<StopReason>((resolve) => (resolveAsked = resolve))
  return {
    stop: (reason) => {
      resolveAsked(reason)
      stopping.abort()
    },
    hurry: () => hurried.abort(),
    asked,
    stopping: stopping.signal,
    hurried: hurried.signal,
  }
}
