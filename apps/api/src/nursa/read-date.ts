/** What a text says of a time: whether it is one in either notation, and which, in ms since 1970 (NaN: none). */
export type ReadDate = { iso8601: boolean; rfc3339: boolean; ms: number }

const none: ReadDate = { iso8601: false, rfc3339: false, ms: NaN }

const time = String.raw`(\d\d)(?::?(\d\d)(?::?(\d\d)([.,]\d+)?)?)?(Z|[+-]\d\d(?::?\d\d)?)?`
const iso8601 = new RegExp(String.raw`^([+-]?\d{4})(?:-?(\d\d)(?:-?(\d\d))?)?(?:[T ]${time})?$`, 'i')
const rfc3339 = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/i
/** A plus sign that was not encoded in a query arrives as a blank. */
const lostPlus = /^(.+:\d\d(?:\.\d+)?) (\d\d:\d\d)$/

/**
 * Reads a date-time of a query as RFC 3339 (https://www.rfc-editor.org/rfc/rfc3339) has it, and tells apart from what is
 * none at all what ISO 8601 allows beyond that: a date alone, a time without its zone, the basic notation.
 */
export function readDate(given: string): ReadDate {
  const text = given.replace(lostPlus, '$1+$2')
  const parts = iso8601.exec(text)
  if (!parts) return none
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part)))
  const [fraction, zone] = [parts[7], parts[8]]
  const offset = offsetMs(zone)
  if (
    month < 1 ||
    month > 12 ||
    day < 1 ||
    day > new Date(Date.UTC(2_000 + (year % 400), month, 0)).getUTCDate()
  )
    return none
  if (hour > 23 || minute > 59 || second > 60 || offset === undefined) return none
  const start = new Date(0).setUTCFullYear(year, month - 1, day)
  const ms = start + ((hour * 60 + minute) * 60 + second) * 1_000 + fractionMs(fraction) - offset
  return { iso8601: true, rfc3339: rfc3339.test(text), ms }
}

const fractionMs = (fraction = '.0') => Math.floor(Number(`0.${fraction.slice(1)}`) * 1_000)

/** How far a zone is ahead of UTC; without one a time is UTC. */
function offsetMs(zone = 'Z'): number | undefined {
  if (zone.toUpperCase() === 'Z') return 0
  const hours = Number(zone.slice(1, 3))
  const minutes = Number(zone.slice(3).replace(':', ''))
  if (hours > 23 || minutes > 59) return undefined
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000
}
