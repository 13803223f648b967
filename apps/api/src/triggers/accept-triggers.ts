import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AcceptEntry, Principal } from '@waybill/db'
import { idInBlock, type IntegrationId, type PublicIds } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import type { Authenticate } from '../http/authenticate.ts'
import { checkMediaType } from '../http/check-media-type.ts'
import { maxDepth, parseJsonBody } from '../http/parse-json-body.ts'
import { invalidBody, problem, type FieldProblem } from '../http/problem.ts'
import { readBody } from '../http/read-body.ts'
import { requestId } from '../http/request-id.ts'
import type { DatabaseClock } from '../storage/create-database-clock.ts'
import { checkScope } from './check-scope.ts'
import { checkTrigger, maxTriggerBytes } from './check-trigger.ts'
import type { Accept, KnownResult } from './create-accept.ts'
import { createBatchReader } from './create-batch-reader.ts'
import { readIdempotencyKey } from './read-idempotency-key.ts'

export type AcceptRouteDeps = {
  accept: Accept
  authenticate: Authenticate
  publicIds: PublicIds
  /** Throws while nothing may be stored. */
  refuseWhileAway: () => void
  databaseClock: Pick<DatabaseClock, 'nowMs'>
  monotonic: () => number
}

/** Answers a good request and throws for a bad one. */
export type AcceptHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

type Checked = { integration: IntegrationId; triggers: AcceptEntry['triggers'] }
type Kind = {
  maxBytes: number
  read: (bytes: Buffer, principal: Principal, nowMs: number) => Checked | Promise<Checked>
  answer: (uuids: string[], acceptedAt: string) => { text: string; location: string | undefined }
}

/** From the request's head on, without the time its body takes: leaves room for answering within the 2 s that a caller waits at most. */
const answerWithinMs = 1_800

/** `POST /v1/triggers`: 202 only after COMMIT. */
export const acceptTrigger = (deps: AcceptRouteDeps) =>
  acceptKind(deps, { maxBytes: maxTriggerBytes, read: readSingle, answer: answerSingle })
/** `POST /v1/triggers/batch`: all or nothing. */
export const acceptTriggers = (deps: AcceptRouteDeps) =>
  acceptKind(deps, { maxBytes: 4 * 1_048_576, read: createBatchReader(), answer: answerBatch })

function acceptKind(deps: AcceptRouteDeps, kind: Kind): AcceptHandler {
  return async (request, response) => {
    const arrivedAt = deps.monotonic()
    const principal = await deps.authenticate(request)
    const leftMs = answerWithinMs - (deps.monotonic() - arrivedAt)
    deps.accept.refuseFlood(principal.integrations)
    const key = readIdempotencyKey(request)
    checkMediaType(request)
    const bytes = await readBody(request, kind.maxBytes)
    const readAt = deps.monotonic()
    // First: before the database was asked nobody knows its clock, by which a refusal would be for good.
    deps.refuseWhileAway()
    const checked = kind.read(bytes, principal, deps.databaseClock.nowMs())
    const { integration, triggers } = checked instanceof Promise ? await checked : checked
    const entry: AcceptEntry = { integration, triggers }
    if (key) entry.key = { hash: key, bodyHash: createHash('sha256').update(bytes).digest() }
    const result = await deps.accept.submit(entry, bytes.length, leftMs - (deps.monotonic() - readAt))
    answerAccepted(deps, request, response, kind, triggers.length, result)
    faultPoint('accept.answered')
  }
}

function readSingle(bytes: Buffer, principal: Principal, nowMs: number): Checked {
  const { value, text } = parseJsonBody(bytes, maxDepth)
  const problems: FieldProblem[] = []
  const checked = checkTrigger(value, text, '', nowMs, problems)
  if (!checked) throw invalidBody(problems)
  checkScope(principal, checked.integration)
  return { integration: checked.integration, triggers: [checked.trigger] }
}

function answerAccepted(
  deps: AcceptRouteDeps,
  request: IncomingMessage,
  response: ServerResponse,
  kind: Kind,
  count: number,
  result: KnownResult,
): void {
  if (result.kind === 'key_reused')
    throw problem('idempotency_key_reused', 'This Idempotency-Key was sent before, with another body.')
  const uuids = Array.from({ length: count }, (_, i) =>
    deps.publicIds.encode('trigger', idInBlock(result.first, i)),
  )
  const { text, location } = kind.answer(uuids, new Date(result.createdAtMs).toISOString())
  // As a flat list: Node writes that out without building and checking an object first.
  const headers = ['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(text.length)]
  if (location !== undefined) headers.push('Location', location)
  headers.push('X-Content-Type-Options', 'nosniff', 'X-Request-Id', requestId(request))
  if (result.kind === 'replayed') headers.push('Idempotency-Replayed', 'true')
  response.writeHead(202, headers)
  response.end(text)
}

// The answers hold nothing but ASCII that needs no escaping, so they are put together by hand.
function answerSingle([uuid = '']: string[], acceptedAt: string): { text: string; location: string } {
  const text = `{"id":"${uuid}","status":"accepted","accepted_at":"${acceptedAt}"}`
  return { text, location: `/v1/triggers/${uuid}` }
}

function answerBatch(uuids: string[], acceptedAt: string): { text: string; location: undefined } {
  const text = `{"ids":["${uuids.join('","')}"],"status":"accepted","accepted_at":"${acceptedAt}"}`
  return { text, location: undefined }
}
