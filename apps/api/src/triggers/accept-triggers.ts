import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AcceptEntry, Principal } from '@waybill/db'
import { idInBlock, type IntegrationId, type PublicIds } from '@waybill/domain'
import { faultPoint } from '@waybill/fault-points'
import { startAnswerTime } from '../http/answer-time.ts'
import type { Authenticate } from '../http/authenticate.ts'
import { checkMediaType } from '../http/check-media-type.ts'
import type { BodyRoom } from '../http/create-body-room.ts'
import { maxDepth, parseJsonBody } from '../http/parse-json-body.ts'
import { invalidBody, problem, unavailable, type FieldProblem } from '../http/problem.ts'
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
  bodyRoom: BodyRoom
  monotonic: () => number
}

/** Answers a good request and throws for a bad one. */
export type AcceptHandler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

type Checked = { integration: IntegrationId; triggers: AcceptEntry['triggers'] }
type Kind = {
  maxBytes: number
  /** Bytes that bodies which are not checked yet may take together, those of other kinds included. */
  maxUnchecked: number
  read: (
    bytes: Buffer,
    principal: Principal,
    nowMs: number,
    refuseLate: () => void,
  ) => Checked | Promise<Checked>
  answer: (uuids: string[], acceptedAt: string) => { text: string; location: string | undefined }
}

const mebibyte = 1_048_576
/** What comes to the database with less time than this might be stored after its caller was told that nobody knows. */
const leastLeftMs = 300

/** `POST /v1/triggers`: 202 only after COMMIT. */
export const acceptTrigger = (deps: AcceptRouteDeps) =>
  acceptKind(deps, {
    maxBytes: maxTriggerBytes,
    maxUnchecked: 64 * mebibyte,
    read: readSingle,
    answer: answerSingle,
  })
/** `POST /v1/triggers/batch`: all or nothing. */
export const acceptTriggers = (deps: AcceptRouteDeps) =>
  acceptKind(deps, {
    maxBytes: 4 * mebibyte,
    // Less than of single triggers, so that these still come through.
    maxUnchecked: 48 * mebibyte,
    read: createBatchReader(),
    answer: answerBatch,
  })

function acceptKind(deps: AcceptRouteDeps, kind: Kind): AcceptHandler {
  return async (request, response) => {
    const timeLeft = startAnswerTime(deps.monotonic)
    const principal = await deps.authenticate(request)
    const leftMs = timeLeft()
    deps.accept.refuseFlood(principal.integrations)
    const key = readIdempotencyKey(request)
    checkMediaType(request)
    const { bytes, readAt, checked } = await readChecked(deps, kind, request, principal, leftMs)
    const { integration, triggers } = checked
    const entry: AcceptEntry = { integration, triggers }
    if (key) entry.key = { hash: key, bodyHash: createHash('sha256').update(bytes).digest() }
    const result = await deps.accept.submit(entry, bytes.length, leftMs - (deps.monotonic() - readAt))
    answerAccepted(deps, request, response, kind, triggers.length, result)
    faultPoint('accept.answered')
  }
}

async function readChecked(
  deps: AcceptRouteDeps,
  kind: Kind,
  request: IncomingMessage,
  principal: Principal,
  leftMs: number,
): Promise<{ bytes: Buffer; readAt: number; checked: Checked }> {
  const place = deps.bodyRoom.enter(kind.maxUnchecked)
  try {
    const bytes = await readBody(request, kind.maxBytes, place)
    const readAt = deps.monotonic()
    // First: before the database was asked nobody knows its clock, by which a refusal would be for good.
    deps.refuseWhileAway()
    const refuseLate = () => {
      if (leftMs - (deps.monotonic() - readAt) < leastLeftMs) throw tooLate()
    }
    const reading = kind.read(bytes, principal, deps.databaseClock.nowMs(), refuseLate)
    const checked = reading instanceof Promise ? await reading : reading
    refuseLate()
    return { bytes, readAt, checked }
  } finally {
    place.leave()
  }
}

const tooLate = () =>
  unavailable(
    'overloaded',
    'Too many triggers wait to be checked; nothing was stored. Please send this again.',
  )

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
