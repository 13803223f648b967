import { createServer, type Server, type ServerResponse } from 'node:http'
import { Server as NetServer, type AddressInfo, type Socket } from 'node:net'
import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises'
import type { Express } from 'express'

export type RunningServer = {
  url: string
  /** Serves on for the lame-duck time, then takes no new connection and resolves once every request is answered. */
  close(): Promise<void>
}

export type ServerOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** How long `close` goes on accepting connections, whose answers then say Connection: close; default 0. */
  lameDuckMs?: number
  /** How long somebody may take nothing of what waits for them before they are cut off, in ms. */
  stalledMs?: number
  /** The same while the server closes. */
  stalledWhileClosingMs?: number
  /** Told when a connection could not be taken for want of descriptors or memory; the server listens on. */
  onError?: (error: Error) => void
}

/** Connections the kernel may hold for us: one too many believes it is connected and hears nothing for minutes. */
const backlog = 4_096

/** Every connection with its newest response. */
type Latest = Map<Socket, ServerResponse | undefined>

/** Listens with the limits that keep slow and oversized requests from holding a connection. */
export async function startServer(
  app: Express,
  {
    host,
    port,
    lameDuckMs = 0,
    stalledMs = 15_000,
    stalledWhileClosingMs = 5_000,
    onError = () => {},
  }: ServerOptions,
): Promise<RunningServer> {
  const state = { closing: false }
  const latest: Latest = new Map()
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      // Longer than the 60 s of the usual load balancers, so that it is they who end a connection that idles.
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // How often Node looks for requests past these limits; its own 30 s would triple them.
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      if (state.closing) response.shouldKeepAlive = false
      latest.set(request.socket, response)
      app(request, response)
    },
  )
  server.on('connection', (socket) => {
    latest.set(socket, undefined)
    socket.once('close', () => latest.delete(socket))
  })
  // Node calls this when a connection idles, also between requests, and never while part of a write has left meanwhile.
  server.setTimeout(stalledMs, (socket) => {
    const isBeingAnswered = latest.get(socket)?.writableEnded === false
    if (socket.writableLength > 0 || !isBeingAnswered) socket.destroy()
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, backlog }, () => resolve(void server.off('error', reject)))
  })
  server.on('error', onError)
  let closed: Promise<void> | undefined
  const close = (): Promise<void> => {
    state.closing = true
    // Their heads are not written yet, or it makes no difference.
    for (const response of latest.values()) if (response) response.shouldKeepAlive = false
    return (closed ??= closeServer(server, latest, lameDuckMs, stalledWhileClosingMs))
  }
  const address = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${address.port}`, close }
}

/**
 * For `lameDuckMs` everybody is served as before, so that who asks for readiness has time to go elsewhere, and each
 * connection in use ends with an answer that says Connection: close. Then nobody new comes in, and connections nobody
 * used for all that time are closed. http's own close() would do both at once, and cut off requests on their way.
 */
async function closeServer(
  server: Server,
  latest: Latest,
  lameDuckMs: number,
  stalledMs: number,
): Promise<void> {
  await pause(lameDuckMs)
  await untilNobodyKnocks(server)
  const state = { open: true }
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => {
      state.open = false
      resolve()
    })
  })
  const hurried = new WeakSet<Socket>()
  while (state.open) {
    // In this order a request that has arrived is read before its connection is looked at.
    await turn()
    closeIdle(server, latest, (socket) => {
      if (hurried.has(socket)) return
      hurried.add(socket)
      socket.setTimeout(stalledMs)
    })
    await Promise.race([closed, pause(50)])
  }
}

const mostTurns = 1_000

/**
 * Waits for a turn of the event loop without a new connection. The kernel resets those it holds for us when we stop
 * listening, and Node takes one a turn.
 */
async function untilNobodyKnocks(server: Server): Promise<void> {
  const state = { came: true }
  const onConnection = () => void (state.came = true)
  server.on('connection', onConnection)
  for (let turns = 0; state.came && turns < mostTurns; turns += 1) {
    state.came = false
    await turn()
  }
  server.off('connection', onConnection)
}

/** Node counts a connection as idle once its answer is written, also while most of that answer has not left yet. */
function closeIdle(server: Server, latest: Latest, hurry: (socket: Socket) => void): void {
  const leaving = [...latest.keys()].filter(({ writableLength }) => writableLength > 0)
  if (leaving.length === 0) server.closeIdleConnections()
  else leaving.forEach(hurry)
}
