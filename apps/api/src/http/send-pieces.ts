import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { withDeadline } from '@waybill/runtime'
import { CallerGone } from './read-body.ts'
import { requestId } from './request-id.ts'
import { sendAnswer, type Answer } from './send-answer.ts'

export type PiecewiseAnswer = {
  status: number
  headers?: Readonly<Record<string, string>>
  /** The first piece, and those that are made while it is sent. */
  text: string
  rest: AsyncIterable<string>
}

/** A caller that takes nothing for so long has gone. */
const stalledMs = 15_000
/** Enough for the largest page over a slow line; longer than that nobody may hold one open. */
const wholeMs = 300_000

/**
 * Sends an answer while it is made, never more than a piece ahead of what the caller takes. Throws what making a piece
 * throws, and CallerGone; the answer then breaks off, which its missing end tells.
 */
export async function sendPieces(
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  { status, headers, text, rest }: PiecewiseAnswer,
): Promise<void> {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId(request),
    ...headers,
  })
  if (request.method === 'HEAD') return void response.end()
  const timer = setTimeout(() => response.destroy(), wholeMs)
  response.once('close', () => clearTimeout(timer))
  await write(response, signal, text)
  for await (const piece of rest) await write(response, signal, piece)
  response.end()
}

/** Writes an answer, in one piece where it is there as a whole. Throws what {@link sendPieces} throws. */
export async function sendAll(
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
  answer: Answer,
): Promise<void> {
  const { rest } = answer
  if (rest) await sendPieces(request, response, signal, { ...answer, rest })
  else sendAnswer(request, response, answer)
}

/** Aborts once nobody waits for the answer any more, or it is sent. */
export function whileAwaited(response: ServerResponse): AbortController {
  const over = new AbortController()
  response.once('close', () => over.abort())
  return over
}

async function write(response: ServerResponse, signal: AbortSignal, piece: string): Promise<void> {
  if (signal.aborted) throw gone()
  if (response.write(piece)) return
  await withDeadline(once(response, 'drain', { signal }), stalledMs, gone).catch((error: unknown) => {
    throw signal.aborted ? gone() : error
  })
}

const gone = () => new CallerGone('the caller went away')
