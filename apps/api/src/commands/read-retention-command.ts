import { retentionDays } from '@waybill/db'
import { BadArgument, readArguments, text, type Read } from './read-arguments.ts'

export type RetentionCommand = { kind: 'show-retention' } | { kind: 'set-retention'; days: number }

export const retentionUsage = `
  retention show                                        print how long history is kept, and what there is of it
  retention set --days <number>                         keep history for so many days, ${retentionDays.least} at least`

/** Reads `retention <verb>`; undefined for an unknown verb. Pure. */
export function readRetentionCommand(verb: string, args: string[]): Read<RetentionCommand> | undefined {
  switch (verb) {
    case 'show':
      return readArguments(args, {}, () => ({ kind: 'show-retention' }))
    case 'set':
      return readArguments(args, { days: text }, ({ days }) => ({
        kind: 'set-retention',
        days: readDays(days),
      }))
    default:
      return undefined
  }
}

function readDays(value: string | undefined): number {
  if (value === undefined) throw new BadArgument('--days is missing.')
  const { least, most } = retentionDays
  const days = /^\d{1,4}$/.test(value) ? Number(value) : 0
  if (days < least || days > most)
    throw new BadArgument(`--days is a whole number from ${least} to ${most}, not "${value}".`)
  return days
}
