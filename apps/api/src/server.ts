import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Express } from 'express'

export type RunningServer = {
  url: string
  /** Takes no new connection and resolves once every request under way is answered. */
  close(): Promise<void>
}

/** Listens with the limits that keep slow and oversized requests from holding a connection. */
export async function startServer(
  app: Express,
  { host, port }: { host: string; port: number },
): Promise<RunningServer> {
  const server = createServer(
    {
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 65_000,
      maxHeaderSize: 16_384,
      // How often Node looks for requests past these limits; its own 30 s would triple them.
      connectionsCheckingInterval: 1_000,
    },
    app,
  )
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(void server.off('error', reject)))
  })
  const address = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return { url: `http://${name}:${address.port}`, close: () => closeServer(server) }
}

async function closeServer(server: Server): Promise<void> {
  let open = true
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      open = false
      resolve()
    })
  })
  // A connection that was busy when the server closed stays open after its answer; look again until none is left.
  while (open) {
    server.closeIdleConnections()
    await Promise.race([closed, pause(50)])
  }
}
