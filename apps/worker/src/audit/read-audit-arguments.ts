import { parseArgs } from 'node:util'

export type AuditArguments = {
  /** Undefined: everything. */
  sinceMs: number | undefined
  json: boolean
  /** Between the two looks, in ms. */
  waitMs: number
}

export const auditUsage = `Usage: pnpm audit-ledger [--since 24h | --all] [--wait 12] [--json]

  --since  how far back, as 90m, 24h or 30d; whole days (UTC) are looked at. Default: 24h
  --all    everything that is kept
  --wait   seconds after which what seems wrong is looked at again: two sweeps and a little. Default: 12
  --json   for programs

Reads DATABASE_URL; with WAYBILL_MASTER_KEY too, rows are named by their public ids.
Exit code 0: the ledger is whole. 1: it is not, or could not be read.`

const unitMs = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const dayMs = unitMs.d

/** Reads the command line; a text says what is wrong with it. */
export function readAuditArguments(args: readonly string[]): AuditArguments | string {
  try {
    const { values } = parseArgs({
      args: args.filter((arg) => arg !== '--'),
      options: {
        since: { type: 'string' },
        all: { type: 'boolean' },
        json: { type: 'boolean' },
        wait: { type: 'string', default: '12' },
      },
    })
    const { since, all = false, json = false, wait } = values
    if (!/^\d{1,3}$/.test(wait)) return '--wait takes whole seconds, at most 999'
    const waitMs = Number(wait) * 1_000
    if (all && since !== undefined) return '--all and --since exclude each other'
    if (all) return { sinceMs: undefined, json, waitMs }
    if (since === undefined) return { sinceMs: dayMs, json, waitMs }
    const [, n, unit] = /^([1-9]\d{0,5})([mhd])$/.exec(since) ?? []
    if (n === undefined || (unit !== 'm' && unit !== 'h' && unit !== 'd'))
      return '--since takes a number with m, h or d, like 24h'
    const sinceMs = Number(n) * unitMs[unit]
    return sinceMs > 3_650 * dayMs
      ? '--since goes back ten years at most; use --all'
      : { sinceMs, json, waitMs }
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
