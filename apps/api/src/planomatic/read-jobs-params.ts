import type { JobsSort } from '@waybill/db'
import { findEvent, foldText, type CatalogueKind } from '@waybill/domain'
import type { ParamReader } from './param-reader.ts'
import { readInstant } from './read-instant.ts'
import { readPage } from './read-page.ts'

/** The six attributes of a job that a term can be compared with. */
export const jobAttributes = [
  'status',
  'address',
  'event',
  'order_id',
  'webhook_subscriber',
  'callback_url',
] as const
export type JobAttribute = (typeof jobAttributes)[number]

/** The parameters of `webhook_jobs/index` except token and integration, before names are looked up. */
export type JobsParams = {
  full: boolean
  withCount: boolean
  createdAfterMs?: number
  createdBeforeMs?: number
  statusCodes?: number[]
  eventIds?: number[]
  orderStatuses?: number[]
  subscribers?: (string | number)[]
  endpoints?: string[]
  search?: { term: string; attributes: readonly JobAttribute[] }
  sort: JobsSort
  size: number
  page: number
}

const filters = [
  'date_range_start',
  'date_range_end',
  'status_code',
  'event_type',
  'status',
  'subscribers',
  'endpoint',
]
const longestTerm = 255

/** Reads them all; what is wrong goes to the reader. An empty list filters nothing. */
export function readJobsParams(params: ParamReader): JobsParams {
  params.object('filters', filters)
  params.object('search', ['term', 'attributes'])
  const start = readDate(params, 'filters.date_range_start')
  const end = readDate(params, 'filters.date_range_end')
  const statusCodes = params.listOf('filters.status_code', readStatusCode, 'must be an HTTP status')
  const eventIds = readEvents(params, 'filters.event_type', 'order_event')
  const orderStatuses = readEvents(params, 'filters.status', 'order_status')
  const subscribers = params.listOf('filters.subscribers', readSubscriber)
  const endpoints = params.listOf('filters.endpoint', readText, 'must be a string')
  const search = readSearch(params, jobAttributes)
  return {
    full: params.oneOf('view', ['planointegrate_view']) !== undefined,
    withCount: params.flag('count') ?? false,
    ...(start === undefined ? {} : { createdAfterMs: start }),
    ...(end === undefined ? {} : { createdBeforeMs: end }),
    ...(statusCodes ? { statusCodes } : {}),
    ...(eventIds ? { eventIds } : {}),
    ...(orderStatuses ? { orderStatuses } : {}),
    ...(subscribers ? { subscribers } : {}),
    ...(endpoints ? { endpoints } : {}),
    ...(search ? { search } : {}),
    sort: readJobsSort(params),
    ...readPage(params),
  }
}

/** A folded term and what it is compared with; all attributes where none are named. */
export function readSearch<T extends string>(
  params: ParamReader,
  known: readonly T[],
): { term: string; attributes: readonly T[] } | undefined {
  const attributes = params.listOf('search.attributes', (value) => known.find((name) => name === value))
  const term = params.digits('search.term') ?? params.text('search.term')
  if (term === undefined) return undefined
  if (term.length > longestTerm) params.invalid('search.term', `longer than ${longestTerm} characters`)
  return { term: foldText(term), attributes: attributes ?? known }
}

function readDate(params: ParamReader, attr: string): number | undefined {
  const text = params.text(attr)
  const instant = text === undefined ? undefined : readInstant(text)
  if (text !== undefined && instant === undefined) params.invalid(attr, 'must be an ISO 8601 date or time')
  return instant
}

function readStatusCode(value: unknown): number | undefined {
  const code = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
  return typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 599 ? code : undefined
}

function readEvents(params: ParamReader, attr: string, kind: CatalogueKind): number[] | undefined {
  return params.listOf(attr, (value) =>
    // Event types are short names here: `scheduled`, not `appointment.scheduled`.
    typeof value === 'string' && !value.includes('.') ? findEvent(kind, value)?.id : undefined,
  )
}

const readText = (value: unknown) => (typeof value === 'string' ? value : undefined)

const readSubscriber = (value: unknown) => (Number.isSafeInteger(value) ? (value as number) : readText(value))

function readJobsSort(params: ParamReader): JobsSort {
  params.object('sort', ['by', 'order'])
  const by = params.oneOf('sort.by', ['status_code', 'event_type', 'last_sent_at'])
  const order = params.oneOf('sort.order', ['asc', 'desc'])
  return { by: by ?? 'last_sent_at', order: order ?? (by === undefined ? 'desc' : 'asc') }
}
