import { nursaEvents } from '@waybill/domain'
import { latestMs } from '../http/check-timestamp.ts'
import { NursaRefusal } from './nursa-refusal.ts'
import { readDate } from './read-date.ts'

/** The parameters of a search, read; times are exclusive. */
export type LogsParameters = {
  facilities?: readonly string[]
  /** The names to look for. */
  events: readonly string[]
  after?: Date
  before?: Date
  limit: number
  offset: number
  ascending: boolean
}

const maxLimit = 100
const eventTypes = [...nursaEvents.facility, 'all']
const sortDirections = ['ASC', 'DESC']
/** No search has more: what lies behind is empty anyway, and the database counts in four bytes. */
const maxOffset = 2_000_000_000

/**
 * The query of "Search webhook notification logs" (https://docs.nursa.com/pages/api/webhook-logs-controller-search-logs).
 * Parameters that the page does not have are ignored.
 *
 * @throws NursaRefusal 400 with every rule that fails, in the order of that page's example
 */
export function readLogsQuery(url: string): LogsParameters {
  const start = url.indexOf('?')
  const given = new URLSearchParams(start < 0 ? '' : url.slice(start + 1))
  const failed: string[] = []
  const check = (holds: boolean, rule: string): void => void (holds || failed.push(rule))

  const facilities = readFacilities(given, check)
  const eventType = single(given, 'eventType') ?? 'all'
  check(
    eventTypes.includes(eventType),
    `eventType must be one of the following values: ${eventTypes.join(', ')}`,
  )
  const { after, before } = readTimes(given, check)
  const limit = toNumber(single(given, 'limit') ?? '10')
  check(limit >= 0, 'limit must not be less than 0')
  check(limit <= maxLimit, `limit must not be greater than ${maxLimit}`)
  check(Number.isInteger(limit), 'limit must be a number conforming to the specified constraints')
  const offset = toNumber(single(given, 'offset') ?? '0')
  check(Number.isInteger(offset), 'offset must be a number conforming to the specified constraints')
  check(offset >= 0, 'offset must not be less than 0')
  const sortDirection = single(given, 'sortDirection') ?? 'DESC'
  check(
    sortDirections.includes(sortDirection),
    `sortDirection must be one of the following values: ${sortDirections.join(', ')}`,
  )
  if (failed.length > 0) throw new NursaRefusal(400, failed)
  return {
    ...(facilities ? { facilities } : {}),
    events: eventType === 'all' ? nursaEvents.facility : [eventType],
    ...(after ? { after } : {}),
    ...(before ? { before } : {}),
    limit,
    offset: Math.min(offset, maxOffset),
    ascending: sortDirection === 'ASC',
  }
}

type CheckRule = (holds: boolean, rule: string) => void

/** A parameter that has one value; given twice it is none of those that a rule allows. */
function single(given: URLSearchParams, name: string): string | undefined {
  const values = given.getAll(name)
  return values.length > 1 ? values.join() : values[0]
}

/**
 * A list is written by repeating its name, with or without [] or an index behind it; one value alone is a list of one.
 * Blank elements are dropped, and a list of nothing filters nothing.
 */
function readFacilities(given: URLSearchParams, check: CheckRule): string[] | undefined {
  const names = [...new Set(given.keys())].filter((name) => /^facilitiesIds(\[|$)/.test(name))
  check(
    names.every((name) => /^facilitiesIds(\[\d*\])?$/.test(name)),
    'facilitiesIds must be an array',
  )
  const values = names.flatMap((name) => given.getAll(name)).filter((value) => value.trim() !== '')
  if (values.length === 0) return undefined
  // No facility has such an id, and the database takes no text with it.
  return values.filter((value) => !value.includes('\0'))
}

function readTimes(given: URLSearchParams, check: CheckRule): { after?: Date; before?: Date } {
  const [startText, endText] = [single(given, 'startDate'), single(given, 'endDate')]
  const start = startText === undefined ? undefined : readDate(startText)
  const end = endText === undefined ? undefined : readDate(endText)
  if (start) {
    check(start.rfc3339, 'startDate must be RFC 3339 date')
    check(end === undefined || start.ms < end.ms, 'startDate must be a date before endDate')
    check(start.iso8601, 'startDate must be a valid ISO 8601 date string')
  }
  if (end) {
    check(end.rfc3339, 'endDate must be RFC 3339 date')
    check(end.iso8601, 'endDate must be a valid ISO 8601 date string')
  }
  return {
    ...(start?.rfc3339 ? { after: toDate(start.ms) } : {}),
    ...(end?.rfc3339 ? { before: toDate(end.ms) } : {}),
  }
}

/** Within the years that the database knows as well; no log lies beyond them. */
const toDate = (ms: number) => new Date(Math.min(Math.max(ms, 0), latestMs))

/** In decimal digits; everything else is no number. */
const toNumber = (text: string): number => (/^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN)
