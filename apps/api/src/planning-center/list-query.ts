import { firstCharacters } from '../http/first-characters.ts'
import { quote } from '../http/quote.ts'
import { queryOf } from './address-of.ts'
import { invalidQuery } from './refusal.ts'

/** What a collection can be asked: the names it can be sorted by and those of its `where[…]`. */
export type Askable = { order: readonly string[]; where: readonly string[] }

export type ListQuery = {
  perPage: number
  offset: number
  newestFirst: boolean
  /** The value of `where[name]`; undefined when it was not given. */
  where(name: string): string | undefined
}

const defaultPerPage = 25
const maxPerPage = 100
/** Beyond the last row anyway. */
const maxOffset = 2_147_483_647
/** From here on fewer requests are allowed. */
export const farOffset = 30_000

/**
 * The query of a collection ("Event", https://api.planningcenteronline.com/docs/apps/webhooks/versions/2022-10-20/vertices/event).
 * Numbers out of range are taken as the nearest one; what would be answered wrongly if it were ignored is refused.
 */
export function readListQuery(url: string, askable: Askable): ListQuery {
  const given = new URLSearchParams(queryOf(url))
  const last = (name: string) => given.getAll(name).at(-1)
  refuseUnusable(given, askable)
  return {
    perPage: clamp(readNumber('per_page', last('per_page')) ?? defaultPerPage, 1, maxPerPage),
    offset: readOffset(url),
    newestFirst: readOrder(last('order'), askable.order),
    where: (name) => last(`where[${name}]`),
  }
}

/** The offset alone, which decides how many requests are allowed. */
export function readOffset(url: string): number {
  const given = new URLSearchParams(queryOf(url)).getAll('offset').at(-1)
  return clamp(readNumber('offset', given) ?? 0, 0, maxOffset)
}

/** There is nothing to include, in a collection or a single resource. */
export function refuseInclude(given: URLSearchParams): void {
  if (given.getAll('include').some((value) => value !== ''))
    throw invalidQuery('include', 'Nothing can be included here.')
}

function refuseUnusable(given: URLSearchParams, askable: Askable): void {
  refuseInclude(given)
  if (given.getAll('filter').some((value) => value !== ''))
    throw invalidQuery('filter', 'There are no filters here.')
  for (const name of given.keys()) {
    const asked = /^where\[(.*)\]$/s.exec(name)?.[1]
    if (asked !== undefined && !askable.where.includes(asked))
      throw invalidQuery(
        `where[${firstCharacters(asked, 64)}]`,
        `${quote(asked)} cannot be queried; ${can(askable.where)}.`,
      )
  }
}

function readOrder(value: string | undefined, keys: readonly string[]): boolean {
  if (value === undefined || value === '') return false
  const reversed = value.startsWith('-')
  if (keys.includes(reversed ? value.slice(1) : value)) return reversed
  throw invalidQuery('order', `${quote(value)} cannot be sorted by; ${can(keys)}.`)
}

const can = (names: readonly string[]) =>
  names.length > 0 ? `there is ${names.join(' and ')}` : 'nothing can'

function readNumber(name: string, value: string | undefined): number | undefined {
  if (value === undefined || value === '') return undefined
  if (!/^[+-]?\d{1,300}$/.test(value.trim())) throw invalidQuery(name, `${name} is a whole number.`)
  return Number(value)
}

const clamp = (value: number, least: number, most: number) => Math.min(most, Math.max(least, value))
