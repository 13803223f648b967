import { listOutSubs, type OutSubsQuery, type Principal, type Storage } from '@waybill/db'
import { profileCode, type IntegrationId } from '@waybill/domain'
import type { Answer } from '../http/send-answer.ts'
import { envelope } from './envelope.ts'
import type { ParamReader } from './param-reader.ts'
import { readIntegration } from './read-integration.ts'
import { readSearch } from './read-jobs-params.ts'
import { readPage } from './read-page.ts'
import { webhookOutSubJson } from './webhook-out-sub-json.ts'

export type IndexOutSubsDeps = { storage: Pick<Storage, 'read'> }

const attributes = ['key', 'name', 'callback_url'] as const
const flags = ['active', 'inactive', 'version_3', 'version_2'] as const

/**
 * `POST /api/v1/webhook_out_subs/index`, after "Webhook Outgoing Subscribers"
 * (https://planocore.planomatic.com/documentation/api/v1/webhook_out_subs/index).
 */
export async function indexWebhookOutSubs(
  deps: IndexOutSubsDeps,
  principal: Principal,
  params: ParamReader,
): Promise<Answer> {
  const query = readQuery(params, readIntegration(params, principal))
  const withCount = params.flag('count') ?? false
  // Both views show the whole row.
  params.oneOf('view', ['default', 'planointegrate_view'])
  params.finish()
  const { found, count } = await listOutSubs(deps.storage.read, query)
  const results = found.map(webhookOutSubJson)
  return envelope('action-successful', { data: { ...(withCount ? { count } : {}), results } })
}

function readQuery(params: ParamReader, integration: IntegrationId): OutSubsQuery {
  params.object('search', ['term', 'attributes'])
  params.object('sort', ['by', 'order'])
  const search = readSearch(params, attributes)
  const by = params.oneOf('sort.by', ['id', 'created_at', 'last_updated'])
  const order = params.oneOf('sort.order', ['asc', 'desc'])
  return {
    integration,
    ...readFlags(params),
    ...(search ? { search } : {}),
    sort: { by: by ?? 'id', order: order ?? 'asc' },
    ...readPage(params),
  }
}

/** Flags of one pair are alternatives, so both of them narrow nothing; the pairs narrow each other. */
function readFlags(params: ParamReader): Pick<OutSubsQuery, 'profiles' | 'active'> {
  const given = new Set(params.listOf('filters', (value) => flags.find((flag) => flag === value)))
  const [active, inactive] = [given.has('active'), given.has('inactive')]
  const profiles = [
    ...(given.has('version_2') || !given.has('version_3') ? [profileCode('planomatic-v2')] : []),
    ...(given.has('version_3') || !given.has('version_2') ? [profileCode('planomatic-v3')] : []),
  ]
  return { profiles, ...(active === inactive ? {} : { active }) }
}
