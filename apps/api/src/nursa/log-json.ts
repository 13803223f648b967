import type { LogAttempt, LogRecord, LogTrigger } from '@waybill/db'
import { catalogueById, renderBody, type PublicIds } from '@waybill/domain'
import type { RetryIds } from './retry-id.ts'

export type LogIds = { publicIds: PublicIds; retryIds: RetryIds }

/**
 * A log as JSON text in fragments, its members in the documented order ("Search webhook notification logs",
 * https://docs.nursa.com/pages/api/webhook-logs-controller-search-logs), and `retryAttempts`, all of its retries, as an
 * addition of ours. Put together by hand, because the payload stands in it letter for letter: parsing and printing would
 * round big numbers; in fragments, because it does so once for every attempt.
 */
export function logJson(
  { publicIds, retryIds }: LogIds,
  log: LogRecord,
  trigger: LogTrigger,
  attempts: readonly [LogAttempt, ...LogAttempt[]],
): string[] {
  const [first, ...later] = attempts
  const id = publicIds.encode('delivery', log.id)
  const eventType = catalogueById(log.eventId)?.dialects.nursa ?? ''
  const shared = `,"facilityId":${JSON.stringify(trigger.facilityId ?? '')},"eventType":${JSON.stringify(eventType)},"requestPayload":${payloadOf(log, trigger)},`
  const dispatch = (own: string, attempt: LogAttempt) => [`{"id":"${own}"`, shared, outcomeOf(attempt)]
  const retry = (attempt: LogAttempt, own = retryIds(log.id, attempt.n)) => [
    ...dispatch(own, attempt),
    `,"retryAttempt":${attempt.n - 1}}`,
  ]
  const latest = later.at(-1)
  const status = attempts.some((attempt) => attempt.err === null) ? 'success' : 'failure'
  return [
    ...dispatch(id, first),
    ',"retries":',
    ...(latest ? retry(latest) : retry(first, id)),
    `,"status":"${status}","retryAttempts":[`,
    ...later.flatMap((attempt, i) => [i === 0 ? '' : ',', ...retry(attempt)]),
    ']}',
  ]
}

/** What was sent: the same bytes on every attempt. */
function payloadOf(log: LogRecord, trigger: LogTrigger): string {
  return renderBody({
    profile: 'nursa',
    view: log.view,
    deliveryUuid: '',
    attempt: 1,
    eventId: log.eventId,
    orderId: trigger.orderId,
    facilityId: trigger.facilityId,
    acceptedAtMs: 0,
    data: trigger.data,
    organizationId: 0,
  })
}

/** Without an answer the status is 0 and the body says what went wrong. */
function outcomeOf({ code, err, responseBody, url }: LogAttempt): string {
  const body = code === null ? (err ?? 'unknown') : (responseBody?.toString('utf8') ?? '')
  return `"responseStatus":${code ?? 0},"responseBody":${JSON.stringify(body)},"url":${JSON.stringify(url)}`
}
