import type { Logger } from './create-logger.ts'

export interface LoopOptions {
  /** Names the loop in its log lines. */
  name: string
  /** Milliseconds from the end of one run to the start of the next. */
  everyMs: number
  /** One run. The signal aborts when the loop is stopped. */
  run: (signal: AbortSignal) => Promise<void>
  logger: Pick<Logger, 'error'>
  /** Share of `everyMs` that chance may add to each pause, 0 to 1; default 0. */
  jitter?: number
  /** Chance, 0 ≤ x < 1. */
  random?: () => number
}

export interface Loop {
  /** Starts with a run at once. Does nothing the second time, nor after `stop`. */
  start(): void
  /** Starts no further run and waits for the current one. */
  stop(): Promise<void>
  /** Runs now instead of after the pause; during a run, once more right after it. */
  kick(): void
}

/** Repeats `run` and never overlaps it with itself. A run that fails is logged and the loop goes on. */
export function createLoop(options: LoopOptions): Loop {
  const { name, everyMs, run, logger, jitter = 0, random = Math.random } = options
  const abort = new AbortController()
  const { signal } = abort
  let started = false
  let timer: NodeJS.Timeout | undefined
  let current: Promise<void> | undefined
  let kicked = false

  const runOnce = async (): Promise<void> => {
    try {
      await run(signal)
    } catch (error) {
      // A run that was told to stop may end by throwing; that is no failure.
      if (!signal.aborted) logger.error('loop.failed', { loop: name, error })
    }
  }
  const pause = (): void => {
    current = undefined
    if (signal.aborted) return
    const ms = kicked ? 0 : everyMs * (1 + jitter * random())
    kicked = false
    timer = setTimeout(begin, ms)
  }
  const begin = (): void => {
    timer = undefined
    current = runOnce().then(pause)
  }

  return {
    start() {
      if (started || signal.aborted) return
      started = true
      begin()
    },
    async stop() {
      abort.abort()
      clearTimeout(timer)
      timer = undefined
      await current
    },
    kick() {
      if (!started || signal.aborted) return
      if (timer) {
        clearTimeout(timer)
        begin()
      } else {
        kicked = true
      }
    },
  }
}
