import { latestMs, parseTimestamp } from './check-timestamp.ts'
import { problem } from './problem.ts'
import { quote } from './quote.ts'

export type QueryParameters = {
  text(name: string): string | undefined
  /** A whole number in decimal digits within the bounds. */
  wholeNumber(name: string, bounds: { min: number; max: number }): number | undefined
  /** An RFC 3339 time with its zone; what lies after 9998 is the latest that does not. */
  time(name: string): Date | undefined
  /** The parameters as they came, to build the next page's address. */
  entries(): URLSearchParams
}

/** The query string, read strictly: parameters nobody reads and parameters given twice are refused. */
export function readQuery(url: string, allowed: readonly string[]): QueryParameters {
  const start = url.indexOf('?')
  const given = new URLSearchParams(start < 0 ? '' : url.slice(start + 1))
  for (const name of given.keys()) {
    if (!allowed.includes(name))
      throw invalidParameter(name, `is unknown; known are ${allowed.join(', ') || 'none'}.`)
    if (given.getAll(name).length > 1)
      throw problem('duplicate_parameter', `The parameter ${quote(name)} was given more than once.`)
  }
  const text = (name: string): string | undefined => {
    const value = given.get(name) ?? undefined
    if (value === '') throw invalidParameter(name, 'is empty.')
    if (value?.includes('\0')) throw invalidParameter(name, 'contains a NUL character.')
    return value
  }
  return {
    text,
    wholeNumber: (name, { min, max }) => {
      const value = text(name)
      if (value === undefined) return undefined
      const number = /^(0|[1-9]\d{0,9})$/.test(value) ? Number(value) : NaN
      if (number >= min && number <= max) return number
      throw invalidParameter(name, `is a whole number from ${min} to ${max}.`)
    },
    time: (name) => {
      const value = text(name)
      if (value === undefined) return undefined
      const ms = parseTimestamp(value)
      if (ms === undefined)
        throw invalidParameter(name, 'is an RFC 3339 time with its zone, like 2025-03-09T16:00:00Z.')
      return new Date(Math.min(ms, latestMs))
    },
    entries: () => new URLSearchParams(given),
  }
}

export const invalidParameter = (name: string, what: string) =>
  problem('invalid_parameter', `The parameter ${quote(name)} ${what}`)
