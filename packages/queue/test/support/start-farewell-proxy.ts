import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** ReadyForQuery, idle. */
const ready = Buffer.from([0x5a, 0, 0, 0, 5, 0x49])
/** The SQLSTATE of a connection that an administrator ended. */
const fields = Buffer.from('SFATAL\0VFATAL\0C57P01\0Mterminating connection\0\0')
const farewell = Buffer.concat([Buffer.from([0x45, 0, 0, 0, fields.length + 4]), fields])

/**
 * A proxy to a PostgreSQL that ends each of the first `times` connections in one piece with the last word of its welcome, as
 * a server does that is told to at that moment.
 */
export const startFarewellProxy = async (databaseUrl: string, times: number) => {
  const { hostname, port } = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  let ended = 0
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname)
    for (const socket of [client, upstream])
      sockets.add(socket.on('error', () => undefined).once('close', () => sockets.delete(socket)))
    client.on('data', (piece) => upstream.write(piece)).once('close', () => upstream.destroy())
    upstream.once('data', (piece) => welcome(piece)).once('close', () => client.destroy())
    const welcome = (piece: Buffer) => {
      if (!piece.includes(ready)) {
        client.write(piece)
        return void upstream.once('data', welcome)
      }
      ended += 1
      if (ended <= times) return void client.end(Buffer.concat([piece, farewell]))
      client.write(piece)
      upstream.on('data', (later) => client.write(later))
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const route = new URL(databaseUrl)
  route.hostname = '127.0.0.1'
  route.port = String((server.address() as AddressInfo).port)
  return {
    url: route.href,
    ended: () => Math.min(ended, times),
    close: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
