import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

export type Proxy = {
  /** The database's URL by way of the proxy. */
  route(url: string): string
  /** From now on nothing gets through and nobody is told. */
  hang(): void
  /** How many pieces of requests were swallowed while it hung. */
  swallowed(): number
  /** Lets everything through again, for new connections. */
  resume(): void
  /** Passes requests on until the next one that contains `text` has left, then breaks every connection. */
  cutAfter(text: string): void
  /** Breaks every connection there is; new ones get through. */
  cut(): void
  close(): Promise<void>
}

/** A TCP proxy that can fail in the ways a network does. */
export async function startProxy(): Promise<Proxy> {
  const sockets = new Set<Socket>()
  let target = { host: '127.0.0.1', port: 0 }
  let hanging = false
  let swallowed = 0
  let cutText: string | undefined

  const server = createServer((client) => {
    const upstream = connect(target)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', () => undefined).once('close', () => sockets.delete(socket))
    }
    client.on('data', (chunk) => {
      if (hanging) return void (swallowed += 1)
      if (cutText === undefined || !chunk.includes(cutText)) return void upstream.write(chunk)
      cutText = undefined
      upstream.write(chunk, () => sockets.forEach((socket) => socket.destroy()))
    })
    upstream.on('data', (chunk) => void (hanging || client.write(chunk)))
    client.once('close', () => upstream.destroy())
    upstream.once('close', () => client.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    route: (url) => {
      const there = new URL(url)
      target = { host: there.hostname, port: Number(there.port) }
      there.hostname = '127.0.0.1'
      there.port = String((server.address() as AddressInfo).port)
      return there.href
    },
    hang: () => void (hanging = true),
    swallowed: () => swallowed,
    resume: () => void (hanging = false),
    cut: () => sockets.forEach((socket) => socket.destroy()),
    cutAfter: (text) => void (cutText = text),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        sockets.forEach((socket) => socket.destroy())
      }),
  }
}
