import {
  listLogs,
  readLogAttempts,
  readLogTriggers,
  sizeLogs,
  type LogAttempt,
  type LogRecord,
  type Principal,
  type Storage,
} from '@waybill/db'
import { nursaEventIds, profileCode, type DeliveryId } from '@waybill/domain'
import type { PageGate } from '../http/create-page-gate.ts'
import { renderPage, type PageCall } from '../http/render-page.ts'
import type { Answer } from '../http/send-answer.ts'
import { logJson, type LogIds } from './log-json.ts'
import { publishedStatus } from './nursa-refusal.ts'
import { readLogsQuery } from './read-logs-query.ts'

export type SearchLogsDeps = LogIds & { storage: Pick<Storage, 'read'>; pages: PageGate }

/** People may redeliver again and again: of a log that many retries are read, the last ones. */
const maxRetries = 50

/** `GET /api/v2/public/webhooks/logs`: what was dispatched to webhooks of facilities within 14 days. */
export async function searchLogs(
  deps: SearchLogsDeps,
  call: PageCall & { principal: Principal; url: string },
): Promise<Answer> {
  const { events, ...wanted } = readLogsQuery(call.url)
  const { read } = deps.storage
  const logs =
    wanted.limit === 0
      ? []
      : await listLogs(read, {
          ...wanted,
          integrations: [...call.principal.integrations],
          profile: profileCode('nursa'),
          eventIds: nursaEventIds(events),
        })
  const sizes = await sizeLogs(read, logs, maxRetries)
  const rows = logs.map((log) => ({ ...log, bytes: sizes.get(log.id) ?? 0 }))
  const write = (some: readonly LogRecord[]) => writeLogs(deps, some)
  const page = await renderPage(deps.pages, call, { before: '{"data":[', after: ']}', rows, write })
  return { ...page, status: publishedStatus, headers: { 'cache-control': 'no-store' } }
}

async function writeLogs(deps: SearchLogsDeps, logs: readonly LogRecord[]): Promise<string[][]> {
  const { read } = deps.storage
  const [triggers, attempts] = await Promise.all([
    readLogTriggers(read, [...new Set(logs.map((log) => log.trigger))]),
    readLogAttempts(read, logs, maxRetries),
  ])
  const dispatched = byDelivery(attempts)
  return logs.flatMap((log) => {
    const trigger = triggers.get(log.trigger)
    const [first, ...later] = dispatched.get(log.id) ?? []
    return trigger && first ? [logJson(deps, log, trigger, [first, ...later])] : []
  })
}

function byDelivery(attempts: readonly LogAttempt[]): Map<DeliveryId, LogAttempt[]> {
  const grouped = new Map<DeliveryId, LogAttempt[]>()
  for (const attempt of attempts) {
    const known = grouped.get(attempt.delivery)
    if (known) known.push(attempt)
    else grouped.set(attempt.delivery, [attempt])
  }
  return grouped
}
