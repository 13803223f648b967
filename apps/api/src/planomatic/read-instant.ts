import { latestMs } from '../http/check-timestamp.ts'

const shape =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(?:(Z)|([+\- ])(\d\d)(?::?(\d\d))?)?)?$/i

/** Nothing stored is earlier. */
const earliest = Date.UTC(1970, 0, 1)
const dayMs = 86_400_000
const minuteMs = 60_000

/**
 * An ISO 8601 date or time in ms since 1970, undefined for anything else. Without a zone it is UTC; a date alone is its
 * first instant; what lies before 1970 or after 9998 is the nearest that does not. A `+` that a query has turned into a blank is a `+` all the same.
 */
export function readInstant(text: string): number | undefined {
  const parts = shape.exec(text)
  if (!parts) return undefined
  const [, year = '', month = '', day = '', hour = '00', minute = '00', second = '00', fraction = ''] = parts
  const [sign, zoneHour = '00', zoneMinute = '00'] = parts.slice(9)
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined
  if (Number(zoneHour) > 23 || Number(zoneMinute) > 59) return undefined
  const midnight = Date.parse(`${year}-${month}-${day}T00:00:00Z`)
  // There is no 30 February.
  if (Number.isNaN(midnight) || new Date(midnight).getUTCDate() !== Number(day)) return undefined
  const inDay =
    (Number(hour) * 60 + Number(minute)) * minuteMs +
    Number(second) * 1_000 +
    Number(fraction.slice(0, 3).padEnd(3, '0'))
  const ahead = (Number(zoneHour) * 60 + Number(zoneMinute)) * minuteMs * (sign === '-' ? -1 : 1)
  return Math.min(Math.max(midnight + Math.min(inDay, dayMs) - ahead, earliest), latestMs)
}
