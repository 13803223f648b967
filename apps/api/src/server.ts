import { createServer, type Server } from 'node:http'
import { Server as NetServer, type AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Express } from 'express'

export type RunningServer = {
  url: string
  /** Takes no new connection and resolves once every request under way is answered. */
  close(): Promise<void>
}

export type ServerOptions = {
  host: string
  /** 0 takes a free one. */
  port: number
  /** How long connections in use get to end with their next answer before idle ones are closed; default 0. */
  lameDuckMs?: number
}

/** Listens with the limits that keep slow and oversized requests from holding a connection. */
export async function startServer(
  app: Express,
  { host, port, lameDuckMs = 0 }: ServerOptions,
): Promise<RunningServer> {
  const state = { closing: false }
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // How often Node looks for requests past these limits; its own 30 s would triple them.
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      if (state.closing) response.shouldKeepAlive = false
      app(request, response)
    },
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(void server.off('error', reject)))
  })
  const close = (): Promise<void> => {
    state.closing = true
    return closeServer(server, lameDuckMs)
  }
  const address = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${address.port}`, close }
}

/**
 * First nobody new comes in; those who are connected get `lameDuckMs` to send one more request, whose answer says
 * Connection: close; then idle connections are closed, again and again until none is left. http's own close() would cut
 * idle ones off at once, and with them a request that is on its way.
 */
async function closeServer(server: Server, lameDuckMs: number): Promise<void> {
  const state = { open: true }
  const closed = new Promise<void>((resolve) => {
    NetServer.prototype.close.call(server, () => {
      state.open = false
      resolve()
    })
  })
  await Promise.race([closed, pause(lameDuckMs)])
  while (state.open) {
    server.closeIdleConnections()
    await Promise.race([closed, pause(50)])
  }
}
