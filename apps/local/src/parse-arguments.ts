import { parseArgs } from 'node:util'

/** What the start command was asked to do. */
export type StartOptions = { demo: boolean; reset: boolean; help: boolean }

export const usage = `Usage: npx -y pnpm@12 start [--no-demo] [--reset]

  --no-demo   start PostgreSQL, api, worker and the demo receiver, but play no orders
  --reset     forget the data of earlier starts first
  --help      print this

Environment: DATABASE_URL uses your own PostgreSQL, REDIS_URL puts the queue on Redis.`

/** @throws TypeError with node's sentence for an option that does not exist */
export function parseArguments(args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    // Some package managers pass the separator on.
    args: args.filter((arg) => arg !== '--'),
    options: {
      'no-demo': { type: 'boolean', default: false },
      reset: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  return { demo: !values['no-demo'], reset: values.reset, help: values.help }
}
