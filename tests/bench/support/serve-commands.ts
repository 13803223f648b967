import type { Reply } from './bench-process.ts'

/** Answers what `BenchProcess.ask` asks; ends this process when the one that asks is gone. */
export function serveCommands(commands: Record<string, (argument: never) => unknown>): void {
  const reply = (message: Reply) => process.send?.(message)
  process.on('message', (message) => {
    const { id, command, argument } = message as { id: number; command: string; argument: unknown }
    Promise.resolve()
      .then(() => {
        const handler = commands[command]
        if (handler === undefined) throw new Error(`there is no command ${command}`)
        return handler(argument as never)
      })
      .then(
        (value) => reply({ id, value }),
        (error: unknown) => reply({ id, error: String(error) }),
      )
  })
  process.on('disconnect', () => process.exit(0))
}

/** Milliseconds on the machine's monotonic clock, which all processes share (unlike `performance.now`). */
export function sharedNow(): number {
  return Number(process.hrtime.bigint()) / 1e6
}
