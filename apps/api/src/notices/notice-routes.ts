import { listNotices, type Storage } from '@waybill/db'
import { noticeKinds, type NoticeKind, type PublicIds } from '@waybill/domain'
import type { MountedRoute } from '../http/mount-routes.ts'
import { pageAnswer, pageParameters, readLimit } from '../http/page.ts'
import { invalidParameter, type QueryParameters } from '../http/query-parameters.ts'
import { readCursor } from '../http/read-public-id.ts'
import type { Call } from '../http/route.ts'
import type { Answer } from '../http/send-answer.ts'
import { noticeJson } from './notice-json.ts'

export type NoticeDeps = { storage: Pick<Storage, 'read'>; publicIds: PublicIds }

const path = '/v1/notices'

/** What people were told, or should have been, over the native API. */
export function noticeRoutes(deps: NoticeDeps): MountedRoute[] {
  const query = [...pageParameters, 'kind', 'integration_id']
  return [{ method: 'GET', path, query, handle: (call) => list(deps, call) }]
}

async function list({ storage, publicIds }: NoticeDeps, { principal, query }: Call): Promise<Answer> {
  const limit = readLimit(query)
  const wanted = query.wholeNumber('integration_id', { min: 1, max: 2_147_483_647 })
  const integrations = [...principal.integrations].filter((id) => wanted === undefined || id === wanted)
  const kinds = readKinds(query)
  const before = readCursor(publicIds, 'notice', query)
  const filter = { integrations, ...(kinds && { kinds }), ...(before !== undefined && { before }) }
  const found = await listNotices(storage.read, filter, limit + 1)
  const data = found.slice(0, limit).map((notice) => noticeJson(publicIds, notice))
  return pageAnswer(path, query, data, found.length > limit ? data.at(-1)?.id : undefined)
}

function readKinds(query: QueryParameters): NoticeKind[] | undefined {
  return query
    .text('kind')
    ?.split(',')
    .map((name) => {
      const kind = noticeKinds.find((one) => one === name)
      if (!kind) throw invalidParameter('kind', `is a list of ${noticeKinds.join(', ')}.`)
      return kind
    })
}
