import { readConfig } from './config.ts'
import { parseArguments, usage, type StartOptions } from './parse-arguments.ts'
import { runStack } from './run-stack.ts'
import { createEnding } from './stack/create-ending.ts'
import { createTerminal } from './stack/create-terminal.ts'
import { createStopSwitch } from './stack/stop-switch.ts'
import { watchSignals } from './stack/watch-signals.ts'

const terminal = createTerminal(process.stdout, process.env)
createTerminal(process.stderr, process.env)
const options = readOptions()
if (options.help) terminal.say(usage)
else process.exit(await run(options))

function readOptions(): StartOptions {
  try {
    return parseArguments(process.argv.slice(2))
  } catch (error) {
    terminal.say(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    process.exit(64)
  }
}

/** Runs the stack until somebody or something ends it, then ends its parts in order. Returns the exit code. */
async function run(options: StartOptions): Promise<number> {
  const config = readConfig(process.env)
  const stop = createStopSwitch()
  const ending = createEnding()
  watchSignals(stop)
  const started = runStack({ config, terminal, stop, ending }, options).catch((error: unknown) => {
    // Being asked to stop cuts the start short; that is no failure.
    stop.stop({ why: error instanceof Error ? error.message : String(error), code: 1 })
  })
  const { why, code } = await stop.asked
  terminal.say(code === 0 ? `Stopping (${why})` : `Waybill stops: ${why}`)
  // Half a start cannot be ended in order: what it began is known when it has noticed.
  await started
  const ended = await ending.run((what, error) =>
    terminal.say(`${what} could not be stopped: ${String(error)}`),
  )
  terminal.say('Stopped')
  return ended ? code : 1
}
