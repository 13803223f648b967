import type { IncomingMessage, ServerResponse } from 'node:http'
import { requestId } from './request-id.ts'

/**
 * `text` is JSON that is ready to be sent, or its beginning where there is a `rest` of further pieces, made while those before
 * them are sent; `body` is printed as JSON.
 */
export type Answer = { status: number; headers?: Readonly<Record<string, string>> } & (
  | { body?: unknown; text?: never; rest?: never }
  | { text: string; rest?: AsyncIterable<string>; body?: never }
)

/** Above this many bytes still to come, a refused request is cut off instead of read to its end. */
const worthReading = 65_536
const lingerMs = 500

/** Writes a JSON answer in one piece. */
export function sendAnswer(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const text = answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body))
  const closes = leavesTooMuch(request)
  response.writeHead(answer.status, {
    ...(text === '' ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    ...(answer.status === 204 ? {} : { 'content-length': Buffer.byteLength(text) }),
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId(request),
    ...(closes ? { connection: 'close' } : {}),
    ...answer.headers,
  })
  if (request.method === 'HEAD' || !closes) response.end(request.method === 'HEAD' ? '' : text)
  else endLingering(request, response, text)
}

function leavesTooMuch(request: IncomingMessage): boolean {
  if (request.complete) return false
  return (
    request.headers['transfer-encoding'] !== undefined ||
    Number(request.headers['content-length'] ?? 0) > worthReading
  )
}

/**
 * Closing a socket with unread bytes resets it, and the reset can overtake the answer. So the answer leaves at once and
 * the rest of the request is thrown away for a moment before the connection closes.
 */
function endLingering(request: IncomingMessage, response: ServerResponse, text: string): void {
  response.write(text)
  const timer = setTimeout(() => response.end(), lingerMs)
  request.once('close', () => clearTimeout(timer))
  request.once('end', () => response.end())
  request.resume()
}
