import {
  connect,
  createServer,
  type AddressInfo,
  type ListenOptions,
  type NetConnectOpts,
  type Socket,
} from 'node:net'
import { once } from 'node:events'

export type Relay = {
  port: number
  /** Connections it took so far. */
  taken(): number
  close(): Promise<void>
}

export type RelayEvents = {
  /** How each connection begins. */
  onFirst?: (bytes: Buffer) => void
  /** The end of each connection: how long, in ms, after the last that came from the near side. */
  onEnd?: (quietMs: number) => void
}

/** Listens somewhere and carries every connection on to `target`. Without a target it only counts who comes. */
export async function startRelay(
  at: ListenOptions,
  target?: NetConnectOpts,
  { onFirst = () => {}, onEnd = () => {} }: RelayEvents = {},
): Promise<Relay> {
  const sockets = new Set<Socket>()
  let taken = 0
  const server = createServer({ noDelay: true }, (near) => {
    taken += 1
    let lastAt = performance.now()
    const far = target === undefined ? undefined : connect(target)
    for (const [one, other] of far ? [[near, far] as const, [far, near] as const] : [[near, near] as const]) {
      sockets.add(one)
      one
        .on('error', () => undefined)
        .once('close', () => {
          sockets.delete(one)
          other.destroy()
        })
    }
    near
      .once('data', onFirst)
      .on('data', () => (lastAt = performance.now()))
      .once('close', () => onEnd(performance.now() - lastAt))
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
