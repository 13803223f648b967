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
  total: number
  /** Whether there is anything behind this page: a total can be an estimate. */
  more: boolean
  parent: Identifier
}

/** One page of a collection. */
export function collectionDocument(page: Page & { data: readonly Resource[] }) {
  const { data } = page
  return { links: linksOf(page), data, included: [], meta: metaOf(page, data.length) }
}

/** The same as text, without its resources: what comes before them and what behind. */
export function collectionAround(page: Page & { count: number }): { before: string; after: string } {
  return {
    before: `{"links":${JSON.stringify(linksOf(page))},"data":[`,
    after: `],"included":[],"meta":${JSON.stringify(metaOf(page, page.count))}}`,
  }
}

const nextOffset = ({ query, more }: Page) => (more ? query.offset + query.perPage : undefined)

const previousOffset = ({ query }: Page) =>
  query.offset > 0 ? Math.max(0, query.offset - query.perPage) : undefined

/** Links keep the caller's query and change its offset. */
function linksOf(page: Page) {
  const { address, url } = page
  const next = nextOffset(page)
  const prev = previousOffset(page)
  const linkTo = (offset: number) => `${address}?${withOffset(queryOf(url), offset)}`
  const asCame = queryOf(url)
  return {
    self: asCame === '' ? address : `${address}?${asCame}`,
    ...(prev === undefined ? {} : { prev: linkTo(prev) }),
    ...(next === undefined ? {} : { next: linkTo(next) }),
  }
}

function metaOf(page: Page, count: number) {
  const { askable, total, parent } = page
  const next = nextOffset(page)
  const prev = previousOffset(page)
  return {
    total_count: total,
    count,
    ...(prev === undefined ? {} : { prev: { offset: prev } }),
    ...(next === undefined ? {} : { next: { offset: next } }),
    can_order_by: askable.order,
    can_query_by: askable.where,
    can_include: [],
    can_filter: [],
    parent,
  }
}

/** The rest of the query stays as the caller spelled it. */
function withOffset(query: string, offset: number): string {
  const others = query.split('&').filter((part) => part !== '' && !/^offset(=|$)/.test(part))
  return [...others, `offset=${offset}`].join('&')
}
