import type { StopSwitch } from './stop-switch.ts'

/** One Ctrl-C can arrive twice: from the terminal, and passed on by npx or pnpm. */
const echoMs = 1_000

/** Ends the stack at the first signal; a later Ctrl-C hurries it. Errors that nobody caught end it as well. */
export function watchSignals(stop: StopSwitch): void {
  let firstAt: number | undefined
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      const now = performance.now()
      if (signal === 'SIGINT' && firstAt !== undefined && now - firstAt > echoMs) stop.hurry()
      firstAt ??= now
      stop.stop({ why: signal === 'SIGINT' ? 'Ctrl-C' : signal, code: 0 })
    })
  }
  const failed = (error: unknown) =>
    stop.stop({ why: error instanceof Error ? (error.stack ?? error.message) : String(error), code: 1 })
  process.on('uncaughtException', failed)
  process.on('unhandledRejection', failed)
}
