import type { FieldProblem } from './problem.ts'

const shape = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d{1,9})?(?:Z|[+-](\d\d):(\d\d))$/i
const earliestYear = 1970
/** Nothing stored is later, and the database knows no later years by their ISO 8601 names. */
export const latestMs = Date.UTC(9999, 0, 1)

/** An RFC 3339 time with a zone in ms since 1970; undefined for anything else, such as 30 February. */
export function parseTimestamp(text: string): number | undefined {
  const parts = shape.exec(text)
  if (!parts) return undefined
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, zoneHour = 0, zoneMinute = 0] = parts
    .slice(1)
    .map((part) => Number(part ?? 0))
  if (year < earliestYear || month < 1 || month > 12 || day < 1) return undefined
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  if (hour > 23 || minute > 59 || second > 59 || zoneHour > 23 || zoneMinute > 59) return undefined
  return Date.parse(text.toUpperCase())
}

const aheadMs = 5 * 60_000

/** Refuses what is no such time, or lies more than 5 minutes ahead of `nowMs`. */
export function checkTimestamp(value: unknown, pointer: string, nowMs: number): FieldProblem | undefined {
  if (typeof value !== 'string') return { pointer, code: 'invalid_type', message: 'A time is a text.' }
  const ms = parseTimestamp(value)
  if (ms === undefined)
    return {
      pointer,
      code: 'invalid_timestamp',
      message: 'A time is written as in RFC 3339 with its zone: 2025-03-09T16:00:00Z.',
    }
  return ms <= nowMs + aheadMs
    ? undefined
    : {
        pointer,
        code: 'timestamp_in_future',
        message: 'The time lies more than 5 minutes ahead of our clock.',
      }
}
