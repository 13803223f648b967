import { createHash } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { setMaxListeners } from 'node:events'
import type { AddressInfo } from 'node:net'
import { answerRequest } from './answer-request.ts'
import type { ReceivedRequest, ReceiverAnswer, Responder } from './receiver-types.ts'
import { waitUntil } from './wait-until.ts'

export type Receiver = {
  url: string
  port: number
  requests: readonly ReceivedRequest[]
  setResponder(respond: Responder): void
  /**
   * All requests, once there are `count` of them or the predicate holds for them (asked after every request and every
   * answer). Throws after `timeoutMs` (20 s).
   */
  waitFor(
    condition: number | ((requests: readonly ReceivedRequest[]) => boolean),
    timeoutMs?: number,
  ): Promise<readonly ReceivedRequest[]>
  /** Breaks every connection. */
  close(): Promise<void>
}

export type StartReceiverOptions = {
  /** Default: 200 to everything. */
  respond?: Responder
  /** Default: a free one. */
  port?: number
  /**
   * A file that gets one JSON line per request, `{ at, webhookId, path, bodyHash, status }`, before it is answered: what
   * survives a SIGKILL of this process is at least everything it ever acknowledged.
   */
  ledger?: string
  /** PEM texts; makes it an HTTPS server. Whoever calls must trust the certificate's issuer. */
  tls?: { cert: string; key: string }
}

/** A real subscriber: an HTTP or HTTPS server on 127.0.0.1 that keeps what it gets and answers as it is told to. */
export async function startReceiver(options: StartReceiverOptions = {}): Promise<Receiver> {
  const requests: ReceivedRequest[] = []
  const changed = new EventTarget()
  const closing = new AbortController()
  // Every answer that is delayed listens to it.
  setMaxListeners(0, closing.signal)
  let respond: Responder = options.respond ?? (() => ({ status: 200 }))

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const request = await readRequest(incoming)
    const count = requests.push(request)
    changed.dispatchEvent(new Event('change'))
    const answer = await respond(request, count)
    if (options.ledger !== undefined) writeLedger(options.ledger, request, answer)
    await answerRequest(request, response, answer, closing.signal)
    changed.dispatchEvent(new Event('change'))
  }
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    // A sender that hangs up while it is read is no failure; one of the responder must show, as a status nobody uses.
    handle(incoming, response).catch((error: unknown) => {
      if (!response.headersSent) response.writeHead(599)
      response.end(String(error))
    })
  }
  const timeouts = { keepAliveTimeout: 60_000, requestTimeout: 0 }
  const { tls } = options
  const server = tls ? createTlsServer({ ...timeouts, ...tls }, listener) : createServer(timeouts, listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port: options.port ?? 0, host: '127.0.0.1', backlog: 1024 }, resolve)
  })
  const { port } = server.address() as AddressInfo

  return {
    url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    setResponder: (next) => {
      respond = next
    },
    waitFor: (condition, timeoutMs = 20_000) => waitUntil(requests, changed, condition, timeoutMs),
    close: () =>
      new Promise((resolve) => {
        closing.abort()
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function readRequest(incoming: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  const rawBody = Buffer.concat(chunks)
  const webhookId = incoming.headers['webhook-id']
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers: incoming.headers,
    body: rawBody.toString('utf8'),
    rawBody,
    at: Date.now(),
    answered: 0,
    ...(typeof webhookId === 'string' ? { webhookId } : {}),
  }
}

/** One append is one write: lines of several receivers do not mix. */
function writeLedger(file: string, request: ReceivedRequest, answer: ReceiverAnswer): void {
  const { at, webhookId, path, rawBody } = request
  const bodyHash = createHash('sha256').update(rawBody).digest('hex')
  const status = answer.hang || answer.reset ? 0 : (answer.status ?? 200)
  appendFileSync(file, `${JSON.stringify({ at, webhookId, path, bodyHash, status })}\n`)
}
