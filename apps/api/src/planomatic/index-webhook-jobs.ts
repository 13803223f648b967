import { countJobs, listJobs, type Principal, type Storage } from '@waybill/db'
import type { Answer } from '../http/send-answer.ts'
import { envelope } from './envelope.ts'
import { basicJobRow, fullJobRow } from './job-row.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'
import { readJobsParams } from './read-jobs-params.ts'
import { resolveJobsQuery } from './resolve-jobs-query.ts'

export type IndexDeps = { storage: Pick<Storage, 'read'> }

/**
 * `POST /api/v1/webhook_jobs/index`, after "Webhook Jobs Index"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_jobs/index).
 */
export async function indexWebhookJobs(
  deps: IndexDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const integration = readIntegration(params, principal)
  const wanted = readJobsParams(params)
  params.finish()
  const { read } = deps.storage
  const query = await resolveJobsQuery(read, integration, wanted, params)
  const [jobs, count] = await Promise.all([
    query ? listJobs(read, query, { withData: wanted.full }) : [],
    wanted.withCount ? (query ? countJobs(read, query) : 0) : undefined,
  ])
  const results = jobs.map(wanted.full ? fullJobRow : basicJobRow)
  return envelope('action-successful', { data: { ...(count === undefined ? {} : { count }), results } })
}
