import { parseArgs } from 'node:util'
import type { Backend } from './support/scenario.ts'

export type FaultOptions = {
  /** Ids of scenarios; none: the short form. */
  ids: string[]
  all: boolean
  /** Every fault with the magnitude it is listed with. */
  full: boolean
  night?: { minutes: number; triggers: number }
  /** How many deliveries wait when F63 starts everything. */
  backlog: number | undefined
  seed: number | undefined
  backend: Backend | undefined
}

export const usage =
  'usage: pnpm faults [F17 …] [--all] [--full] [--night [--minutes 30] [--triggers 1000000]] [--backlog n] [--backend redis|postgres] [--seed n]'

/** Throws with a message for the user. */
export function readFaultOptions(args: string[]): FaultOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      all: { type: 'boolean', default: false },
      full: { type: 'boolean', default: false },
      night: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '30' },
      triggers: { type: 'string', default: '1000000' },
      backlog: { type: 'string' },
      seed: { type: 'string' },
      backend: { type: 'string' },
    },
  })
  const { backend, seed } = values
  if (backend !== undefined && backend !== 'redis' && backend !== 'postgres')
    throw new Error(`--backend is redis or postgres, not ${backend}`)
  const wrong = positionals.find((id) => !/^F\d{1,2}$/i.test(id))
  if (wrong !== undefined) throw new Error(`${wrong} is no fault`)
  // Neither the kill tour nor a night has a listed magnitude.
  if (values.full && !values.all && positionals.length === 0)
    throw new Error('--full is for --all or for faults by their number')
  return {
    ids: positionals.map((id) => id.toUpperCase()),
    all: values.all,
    full: values.full,
    ...(values.night
      ? { night: { minutes: whole('minutes', values.minutes), triggers: whole('triggers', values.triggers) } }
      : {}),
    backlog: values.backlog === undefined ? undefined : whole('backlog', values.backlog),
    seed: seed === undefined ? undefined : whole('seed', seed),
    backend,
  }
}

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name} is a whole number, not ${text}`)
}
