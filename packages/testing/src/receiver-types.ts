import type { IncomingHttpHeaders } from 'node:http'

export type ReceivedRequest = {
  method: string
  /** With the query. */
  path: string
  headers: IncomingHttpHeaders
  body: string
  rawBody: Buffer
  /** When its last byte had arrived, in ms since 1970. */
  at: number
  /** The `webhook-id` header. */
  webhookId?: string
  /** The status it was answered with; 0 until then, and for good when it hangs or is reset. */
  answered: number
}

export type ReceiverAnswer = {
  /** Default: 200. */
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Wait this long before the first byte. */
  delayMs?: number
  /** Never answer. */
  hang?: true
  /** Break the connection with a TCP reset. */
  reset?: true
  /** Send the head at once and then one piece of body every `everyMs`; with `endless` the last piece repeats. */
  drip?: { pieces: string[]; everyMs: number; endless?: true }
}

/** `count` is the number of requests so far, this one included. */
export type Responder = (request: ReceivedRequest, count: number) => ReceiverAnswer | Promise<ReceiverAnswer>
