import { hash } from 'node:crypto'
import type { AttemptRow, StoredTrigger } from '@waybill/db'
import {
  catalogueById,
  decide,
  noticesAfter,
  parseRetryAfter,
  renderBody,
  type AttemptNotice,
  type Decision,
  type DeliveryId,
  type Outcome,
  type PublicIds,
} from '@waybill/domain'
import type { SendOutcome, Sender } from '@waybill/egress'
import { faultPoint } from '@waybill/fault-points'
import type { Lease } from '../lease/create-lease.ts'
import type { WorkerMetrics } from '../metrics.ts'
import type { Subscriber } from '../subscriptions/create-snapshot.ts'
import { isOwnFailure, NotSent } from './not-sent.ts'
import { signDelivery } from './sign-delivery.ts'

export type AttemptDeps = {
  sender: Pick<Sender, 'send'>
  publicIds: PublicIds
  lease: Pick<Lease, 'nowMs'>
  metrics: Pick<WorkerMetrics, 'attempted'>
  random: () => number
}

/** One request about to be made. `attempt` counts from 1; `failures` are those that moved the schedule so far. */
export type DueAttempt = {
  delivery: DeliveryId
  attempt: number
  failures: number
  expiresAtMs: number
  subscriber: Subscriber
  view: string | null
  trigger: StoredTrigger
}

export type AttemptResult = {
  row: AttemptRow
  decision: Decision
  notices: AttemptNotice[]
  /**
   * False for what says that the endpoint itself is in trouble: no answer, 5xx, 408, 429, unless the subscription calls it
   * success. Undefined when no request was made.
   */
  isWell: boolean | undefined
  /** What a 429 or 503 asked for by Retry-After, in ms; else 0. */
  askedToWaitMs: number
}

/** Render → sign → send → decide. The caller records. Throws {@link NotSent}, and whatever else when the body cannot be rendered. */
export async function attemptDelivery(deps: AttemptDeps, due: DueAttempt): Promise<AttemptResult> {
  const { subscriber } = due
  const uuid = deps.publicIds.encode('delivery', due.delivery)
  const body = render(due, uuid)
  const sentAtMs = deps.lease.nowMs()
  faultPoint('delivery.rendered')
  const { sent, signature } = await signAndSend(deps, due, { uuid, body, sentAtMs })
  if (sent.kind === 'error' && isOwnFailure(sent.code)) throw new NotSent(sent.code, sent.message)
  faultPoint('delivery.answered')
  const nowMs = deps.lease.nowMs()
  const outcome = toOutcome(sent, nowMs)
  const decision = decide({
    outcome,
    failures: due.failures,
    attempt: due.attempt,
    profile: subscriber.settings,
    successRule: subscriber.successRule,
    nowMs,
    expiresAtMs: due.expiresAtMs,
    random: deps.random,
  })
  deps.metrics.attempted(subscriber.settings.name, decision.kind, sent.ms)
  const failed = decision.kind === 'delivered' ? null : failureOf(sent)
  const notices = noticesAfter(decision, due.failures + 1, subscriber.settings)
  const row = toRow(due, sent, failed, { body, signature, sentAtMs })
  return {
    row,
    decision,
    notices,
    isWell: decision.kind === 'delivered' || isWell(outcome),
    askedToWaitMs: askedToWait(outcome),
  }
}

/** What became of a request, or why there was none. */
type Sent =
  SendOutcome | { kind: 'error'; code: 'secret_unreadable'; phase: 'send'; ms: number; message: string }

const unsigned: Sent = {
  kind: 'error',
  code: 'secret_unreadable',
  phase: 'send',
  ms: 0,
  message: 'the signing secret cannot be opened with this master key',
}

async function signAndSend(
  { sender }: AttemptDeps,
  due: DueAttempt,
  { uuid, body, sentAtMs }: { uuid: string; body: string; sentAtMs: number },
): Promise<{ sent: Sent; signature: string | null }> {
  const { subscriber } = due
  // Never without its signature: a person must put the key right, and the schedule goes on until then.
  if (!subscriber.secrets) return { sent: unsigned, signature: null }
  const { headers, signature } = signDelivery(
    subscriber,
    identity(due, uuid),
    body,
    subscriber.secrets,
    sentAtMs,
  )
  const sent = await sender.send({
    url: subscriber.url,
    headers,
    body,
    timeoutMs: subscriber.timeoutMs,
    poolKey: String(subscriber.integration),
  })
  return { sent, signature }
}

function render(due: DueAttempt, uuid: string): string {
  const { subscriber, trigger } = due
  return renderBody({
    profile: subscriber.settings.name,
    view: due.view,
    deliveryUuid: uuid,
    attempt: due.attempt,
    eventId: trigger.eventId,
    orderId: trigger.orderId,
    facilityId: trigger.facilityId,
    acceptedAtMs: trigger.createdAtMs,
    data: trigger.data,
    organizationId: trigger.integration,
  })
}

function identity({ delivery, subscriber, trigger }: DueAttempt, uuid: string) {
  const eventName = catalogueById(trigger.eventId)?.dialects[subscriber.settings.name] ?? ''
  return { id: delivery, uuid, eventName, acceptedAtMs: trigger.createdAtMs }
}

function toOutcome(sent: Sent, nowMs: number): Outcome {
  if (sent.kind === 'error') return { kind: 'error', code: sent.code, phase: sent.phase }
  const retryAfterMs = parseRetryAfter(sent.headers['retry-after'], nowMs)
  return { kind: 'response', status: sent.status, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) }
}

function isWell(outcome: Outcome): boolean | undefined {
  if (outcome.kind === 'response')
    return outcome.status < 500 && outcome.status !== 408 && outcome.status !== 429
  return outcome.code === 'secret_unreadable' || outcome.code.startsWith('blocked_') ? undefined : false
}

const askedToWait = (outcome: Outcome): number =>
  outcome.kind === 'response' && (outcome.status === 429 || outcome.status === 503)
    ? (outcome.retryAfterMs ?? 0)
    : 0

/** Why an attempt did not deliver, in one word. */
function failureOf(sent: Sent): string {
  if (sent.kind === 'error') return sent.code
  return sent.status >= 300 && sent.status < 400 ? 'redirect_not_followed' : 'unexpected_status'
}

function toRow(
  due: DueAttempt,
  sent: Sent,
  failed: string | null,
  request: { body: string; signature: string | null; sentAtMs: number },
): AttemptRow {
  const answered = sent.kind === 'response'
  return {
    n: due.attempt,
    // Whose URL was dialled; the delivery keeps the one it was planned with.
    revision: due.subscriber.revision,
    sentAtMs: Math.round(request.sentAtMs),
    ms: Math.round(sent.ms),
    code: answered ? sent.status : null,
    err: failed,
    bodyHash: hash('sha256', request.body, 'buffer'),
    signature: request.signature,
    responseHeaders: answered ? JSON.stringify(sent.headers) : null,
    responseBody: answered && sent.body.length > 0 ? sent.body : null,
  }
}
