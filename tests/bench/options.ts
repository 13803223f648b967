import { parseArgs } from 'node:util'

export type BenchOptions = {
  queue: 'redis' | 'postgres' | 'both'
  /** Deliveries measured in each repeat. */
  count: number
  repeats: number
  /** Deliveries before the first measured one, for each contender: V8 compiles for longer than one expects. */
  warmUp: number
  /** Keep-alive connections of the loader, each with one request at a time. */
  connections: number
  body: '1k' | '7k'
  /** First attempts that the subscription takes at once. */
  inFlight: number
  /** Profile api and worker; the figures of such a run are not comparable with others. */
  profile: boolean
  /** Deliveries of each dialect that p6 reads through. */
  history: number
  /** Triggers of each flood of p14. */
  flood: number
  /** How long soak and overload last; each has its own default. */
  minutes: number | undefined
  /** What comes in the soak. */
  perSecond: number
}

const queues: readonly string[] = ['redis', 'postgres', 'both']
const bodies: readonly string[] = ['1k', '7k']

/** Throws with a message for the user when a flag is unknown or out of its bounds. */
export function readOptions(flags: string[]): BenchOptions {
  const { values } = parseArgs({
    args: flags,
    options: {
      queue: { type: 'string', default: 'both' },
      count: { type: 'string', default: '10000' },
      repeats: { type: 'string', default: '3' },
      'warm-up': { type: 'string', default: '5000' },
      connections: { type: 'string', default: '64' },
      body: { type: 'string', default: '1k' },
      'in-flight': { type: 'string', default: '20' },
      profile: { type: 'boolean', default: false },
      history: { type: 'string', default: '1000000' },
      flood: { type: 'string', default: '40000' },
      minutes: { type: 'string' },
      'per-second': { type: 'string', default: '200' },
    },
  })
  return {
    queue: oneOf('queue', values.queue, queues) as BenchOptions['queue'],
    count: whole('count', values.count, 100, 1_000_000),
    repeats: whole('repeats', values.repeats, 1, 20),
    warmUp: whole('warm-up', values['warm-up'], 0, 100_000),
    connections: whole('connections', values.connections, 1, 1_000),
    body: oneOf('body', values.body, bodies) as BenchOptions['body'],
    inFlight: whole('in-flight', values['in-flight'], 1, 100),
    profile: values.profile,
    history: whole('history', values.history, 1_000, 10_000_000),
    flood: whole('flood', values.flood, 500, 1_000_000),
    minutes: values.minutes === undefined ? undefined : whole('minutes', values.minutes, 1, 600),
    perSecond: whole('per-second', values['per-second'], 50, 5_000),
  }
}

export function usage(scenarios: readonly string[]): string {
  return [
    `usage: pnpm bench <${scenarios.join('|')}> [--queue redis|postgres|both] [--count N] [--repeats N]`,
    '         [--warm-up N] [--connections N] [--body 1k|7k] [--in-flight N] [--profile]',
    '         [--history N] (p6: --history and --count, the calls of each kind; p14: --flood;',
    '         soak: --minutes and --per-second; overload: --minutes)',
  ].join('\n')
}

function whole(name: string, text: string, least: number, most: number): number {
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (value >= least && value <= most) return value
  throw new Error(`--${name} must be a whole number from ${least} to ${most}`)
}

function oneOf(name: string, text: string, allowed: readonly string[]): string {
  if (allowed.includes(text)) return text
  throw new Error(`--${name} must be one of ${allowed.join(', ')}`)
}
