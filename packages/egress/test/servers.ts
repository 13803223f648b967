import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'

export interface TestServer {
  port: number
  /** Connections that were accepted so far. */
  connections: () => number
  open: () => number
  close: () => Promise<void>
}

async function listen(server: Server, host = '127.0.0.1'): Promise<TestServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, host, resolve))
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => connections,
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

/** A server that answers HTTP as it should; its keep-alive is long, so that only the client ends connections. */
export const startHttp = (listener: RequestListener, host?: string) => {
  const server = createHttpServer({ keepAliveTimeout: 60_000 }, listener)
  return listen(server, host)
}

export const startHttps = (
  certificate: { cert: string; key: string; maxVersion?: 'TLSv1.1'; ALPNProtocols?: string[] },
  listener: RequestListener,
) => {
  const old = certificate.maxVersion ? { minVersion: 'TLSv1' as const, ciphers: 'DEFAULT@SECLEVEL=0' } : {}
  return listen(createHttpsServer({ ...certificate, ...old }, listener))
}

/** A server that speaks bytes: `onData` is called with each chunk the client sends. */
export const startRaw = (
  onConnection: (socket: Socket) => void,
  onData?: (socket: Socket, data: Buffer) => void,
) =>
  listen(
    createTcpServer((socket) => {
      onConnection(socket)
      socket.on('data', (data) => onData?.(socket, data))
    }),
  )

/** Waits until something holds, looking every few milliseconds; fails after ten seconds. */
export async function eventually(check: () => boolean, what: string): Promise<void> {
  const until = performance.now() + 10_000
  while (!check()) {
    if (performance.now() > until) throw new Error(`not within ten seconds: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
