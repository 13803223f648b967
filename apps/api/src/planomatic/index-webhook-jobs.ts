import { countJobs, listJobs, readTriggerData, type JobsQuery, type Principal } from '@waybill/db'
import { profileCode, type IntegrationId } from '@waybill/domain'
import type { Answer } from '../http/send-answer.ts'
import type { Storage } from '../storage/create-storage.ts'
import { envelope } from './envelope.ts'
import { jobRow } from './job-row.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'

export type IndexDeps = { storage: Pick<Storage, 'read'> }

const profiles = [profileCode('planomatic-v2'), profileCode('planomatic-v3')]
const defaultSize = 25
const maxSize = 100
/** Rows that are skipped cost as much as rows that are read. */
const farthestRow = 100_000
const filters = [
  'date_range_start',
  'date_range_end',
  'status_code',
  'event_type',
  'status',
  'subscribers',
  'endpoint',
]
const notYet = [
  ...filters.filter((name) => name !== 'status_code').map((name) => `filters.${name}`),
  'search',
]

/** `POST /api/v1/webhook_jobs/index`. */
export async function indexWebhookJobs(
  deps: IndexDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const query = readJobsQuery(params, readIntegration(params, principal))
  const withCount = params.flag('count') ?? false
  params.finish()
  const { read } = deps.storage
  const [jobs, count] = await Promise.all([
    listJobs(read, query),
    withCount ? countJobs(read, query) : undefined,
  ])
  const data = await readTriggerData(read, [...new Set(jobs.map((job) => job.trigger))])
  const results = jobs.map((job) => jobRow(job, data.get(job.trigger)))
  return envelope('action-successful', { data: { ...(count === undefined ? {} : { count }), results } })
}

function readJobsQuery(params: ParamReader, integration: IntegrationId): JobsQuery {
  params.oneOf('view', ['planointegrate_view', 'default'])
  params.object('filters', filters)
  params.object('page', ['size', 'number'])
  params.object('sort', ['by', 'order'])
  for (const attr of notYet) if (params.has(attr)) params.invalid(attr, 'not supported yet')
  const statusCodes = readStatusCodes(params)
  const by = params.oneOf('sort.by', ['status_code', 'event_type', 'last_sent_at'])
  const order = params.oneOf('sort.order', ['asc', 'desc'])
  const size = params.integer('page.size', { min: 1, max: maxSize }) ?? defaultSize
  const page = params.integer('page.number', { min: 1, max: Number.MAX_SAFE_INTEGER }) ?? 1
  if (page * size > farthestRow)
    params.invalid('page.number', `page.number × page.size is at most ${farthestRow}: narrow the filters`)
  return {
    integration,
    profiles,
    ...(statusCodes ? { statusCodes } : {}),
    sort: { by: by ?? 'last_sent_at', order: order ?? (by === undefined ? 'desc' : 'asc') },
    size,
    page,
  }
}

/** An empty list filters nothing. */
function readStatusCodes(params: ParamReader): number[] | undefined {
  const given = params.list('filters.status_code')
  if (given === undefined || given.length === 0) return undefined
  return given.map((value, index) => {
    const code = typeof value === 'string' && /^\d{3}$/.test(value) ? Number(value) : value
    if (typeof code === 'number' && Number.isInteger(code) && code >= 100 && code <= 599) return code
    params.invalid(`filters.status_code.${index}`, 'must be an HTTP status')
    return 0
  })
}
