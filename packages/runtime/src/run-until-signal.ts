import type { Logger } from './create-logger.ts'

export interface RunUntilSignalOptions {
  /** Starts the process' work; what it answers is stopped once. */
  start: () => Promise<{ stop(): Promise<void> }>
  logger: Pick<Logger, 'info' | 'error'>
  /** Milliseconds that stopping may take before the process exits anyway. */
  stopTimeoutMs: number
}

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const

/**
 * Runs a process until a signal asks it to end. Exit code 0: stopped after one signal. Exit code 1: the start failed,
 * stopping failed or took too long, a second signal came, or an error was caught by nobody.
 */
export async function runUntilSignal({ start, logger, stopTimeoutMs }: RunUntilSignalOptions): Promise<void> {
  const exit = onceExited(logger)
  let stopping = false

  const stop = async (code: number): Promise<void> => {
    stopping = true
    setTimeout(() => exit(1, 'timeout'), stopTimeoutMs)
    try {
      // A signal during the start waits for it: half a start cannot be stopped in order.
      const running = await started
      await running.stop()
      exit(code, 'stopped')
    } catch (error) {
      logger.error('process.stop-failed', { error })
      exit(1, 'stop-failed')
    }
  }
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      logger.info('process.signalled', { signal, again: stopping })
      if (stopping) exit(1, 'second-signal')
      else void stop(0)
    })
  }
  const fail = (event: string) => (error: unknown) => {
    logger.error(event, { error })
    if (!stopping) void stop(1)
    else process.exitCode = 1
  }
  process.on('uncaughtException', fail('process.exception-uncaught'))
  process.on('unhandledRejection', fail('process.rejection-unhandled'))

  const started = Promise.resolve().then(start)
  try {
    await started
    logger.info('process.started', { pid: process.pid })
  } catch (error) {
    logger.error('process.start-failed', { error })
    if (!stopping) exit(1, 'start-failed')
  }
}

/** The first reason to exit wins. A code that was set meanwhile, by an error while stopping, is not hidden by 0. */
function onceExited(logger: Pick<Logger, 'info'>): (code: number, reason: string) => void {
  let exiting = false
  return (code, reason) => {
    if (exiting) return
    exiting = true
    const finalCode = code === 0 ? Number(process.exitCode ?? 0) : code
    logger.info('process.exited', { reason, code: finalCode })
    // One turn later, so that the line above has left.
    setImmediate(() => process.exit(finalCode))
  }
}
