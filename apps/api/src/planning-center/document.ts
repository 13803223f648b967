import { queryOf } from './address-of.ts'
import type { Askable, ListQuery } from './list-query.ts'

export type Identifier = { type: string; id: string }

/** A JSON:API resource as this dialect writes it: every relationship has a `data`, links lead to edges and actions. */
export type Resource = Identifier & {
  attributes: Readonly<Record<string, unknown>>
  relationships: Readonly<Record<string, { data: Identifier | null }>>
  links: Readonly<Record<string, string>>
}

/** One resource; `parent` is missing only above the organization. */
export const singleDocument = (data: Resource, parent?: Identifier) => ({
  data,
  included: [],
  meta: { can_include: [], ...(parent ? { parent } : {}) },
})

export type Page = {
  /** The collection's address without a query, and the query as it came. */
  address: string
  url: string
  query: ListQuery
  askable: Askable
  data: readonly Resource[]
  total: number
  /** Whether there is anything behind this page: a total can be an estimate. */
  more: boolean
  parent: Identifier
}

/** One page of a collection. Links keep the caller's query and change its offset. */
export function collectionDocument(page: Page) {
  const { address, url, query, askable, data, total, more, parent } = page
  const next = more ? query.offset + query.perPage : undefined
  const prev = query.offset > 0 ? Math.max(0, query.offset - query.perPage) : undefined
  const linkTo = (offset: number) => `${address}?${withOffset(queryOf(url), offset)}`
  const asCame = queryOf(url)
  return {
    links: {
      self: asCame === '' ? address : `${address}?${asCame}`,
      ...(prev === undefined ? {} : { prev: linkTo(prev) }),
      ...(next === undefined ? {} : { next: linkTo(next) }),
    },
    data,
    included: [],
    meta: {
      total_count: total,
      count: data.length,
      ...(prev === undefined ? {} : { prev: { offset: prev } }),
      ...(next === undefined ? {} : { next: { offset: next } }),
      can_order_by: askable.order,
      can_query_by: askable.where,
      can_include: [],
      can_filter: [],
      parent,
    },
  }
}

/** The rest of the query stays as the caller spelled it. */
function withOffset(query: string, offset: number): string {
  const others = query.split('&').filter((part) => part !== '' && !/^offset(=|$)/.test(part))
  return [...others, `offset=${offset}`].join('&')
}
