import { connect, createServer, type AddressInfo, type ListenOptions, type NetConnectOpts } from 'node:net'
import { once } from 'node:events'

export type Relay = {
  port: number
  /** Connections it took so far. */
  taken(): number
  close(): Promise<void>
}

/**
 * Listens somewhere and carries every connection on to `target`. Without a target it only counts who comes. `onFirst` is told
 * how each connection begins.
 */
export async function startRelay(
  at: ListenOptions,
  target?: NetConnectOpts,
  onFirst: (bytes: Buffer) => void = () => {},
): Promise<Relay> {
  const sockets = new Set<{ destroy(): unknown }>()
  let taken = 0
  const server = createServer({ noDelay: true }, (near) => {
    taken += 1
    const both = target === undefined ? [near] : [near, connect(target)]
    for (const socket of both) {
      sockets.add(socket)
      socket
        .on('error', () => undefined)
        .once('close', () => {
          sockets.delete(socket)
          for (const one of both) one.destroy()
        })
    }
    near.once('data', onFirst)
    const far = both[1]
    if (far) near.pipe(far).pipe(near)
  })
  server.listen(at)
  await once(server, 'listening')
  const address = server.address() as AddressInfo | string
  return {
    port: typeof address === 'string' ? 0 : address.port,
    taken: () => taken,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
