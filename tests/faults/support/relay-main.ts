// Relays in a process of their own, so that they can stand in another network namespace. Their other side is a socket file, which
// namespaces share. RELAYS lists them: an address to listen at, and the file.
import { startRelay } from './start-relay.ts'

const relays = JSON.parse(process.env['RELAYS'] ?? '[]') as { host: string; path: string }[]
const started = await Promise.all(relays.map(({ host, path }) => startRelay({ host, port: 0 }, { path })))
process.stdout.write(`listening ${started.map(({ port }) => port).join(' ')}\n`)
