import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { createLink, type Link } from './proxy-link.ts'

/** What a link does to what passes it; everything absent is as it should be. */
export type LinkFaults = {
  /** Added to every chunk, ms. */
  latencyMs?: number
  /** Bytes a second. */
  rate?: number
  /** Largest piece that is passed on at once, bytes. */
  slice?: number
  /** New connections are refused and those there are broken. */
  down?: boolean
  /** Nothing passes in either direction and nobody is told; connections are still taken. */
  blackhole?: boolean
}

export type Direction = 'up' | 'down'

export type FaultProxy = {
  port: number
  /** The same URL by way of the proxy. */
  route(url: string): string
  /** Replaces what the link does; `{}` heals it. */
  set(faults: LinkFaults): void
  /** The connections there are fall silent for good; new ones work. */
  forget(): void
  /** Breaks every connection with a TCP reset. */
  reset(): void
  /** Sends a FIN towards the server (`up`) or the client (`down`) on every connection, and nothing after it. */
  halfClose(direction: Direction): void
  /** Breaks a connection once so many more bytes have passed it. */
  cutAfterBytes(bytes: number): void
  /** Breaks the connection on which `text` passes, before or after it is passed on; resolves when that has happened. */
  cutOnMatch(text: string, options?: { direction?: Direction; when?: 'before' | 'after' }): Promise<void>
  /** Holds back `text` and what follows on its connection. */
  holdOnMatch(text: string, direction?: Direction): { held: Promise<void>; release(): void }
  /** Breaks every connection on which one of these passes, until told otherwise. */
  cutEvery(texts: readonly string[]): void
  /** Matches that were cut so far. */
  cuts(): number
  connections(): number
  close(): Promise<void>
}

export type Watch = {
  text: Buffer
  direction: Direction
  act: 'cut-before' | 'cut-after' | 'hold'
  once: boolean
  met: () => void
  released: Promise<void>
}

/** One listener for one link, for example api → Postgres, that can fail in the ways a network does. */
export async function startFaultProxy(listenAt = 0): Promise<FaultProxy> {
  const links = new Set<Link>()
  const state = {
    faults: {} as LinkFaults,
    watches: [] as Watch[],
    cutAfter: undefined as number | undefined,
    cuts: 0,
  }
  let target = { host: '127.0.0.1', port: 0 }
  const server = createServer({ allowHalfOpen: true }, (client: Socket) => {
    if (state.faults.down) return void client.resetAndDestroy()
    const link = createLink(client, connect({ ...target, allowHalfOpen: true }), state)
    links.add(link)
    void link.closed.then(() => links.delete(link))
  })
  await new Promise<void>((resolve) => server.listen(listenAt, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const each = (work: (link: Link) => void) => [...links].forEach(work)
  const watch = (text: string, direction: Direction, act: Watch['act'], once = true) => {
    let met = () => {}
    let release = () => {}
    const happened = new Promise<void>((resolve) => (met = resolve))
    const released = new Promise<void>((resolve) => (release = resolve))
    state.watches.push({ text: Buffer.from(text), direction, act, once, met, released })
    return { happened, release }
  }
  return {
    port,
    route: (url) => {
      const there = new URL(url)
      target = { host: there.hostname, port: Number(there.port) }
      there.hostname = '127.0.0.1'
      there.port = String(port)
      return there.href.replace(/\/$/, '')
    },
    set: (faults) => {
      state.faults = faults
      if (faults.down) each((link) => link.reset())
    },
    forget: () => each((link) => link.silence()),
    reset: () => each((link) => link.reset()),
    halfClose: (direction) => each((link) => link.halfClose(direction)),
    cutAfterBytes: (bytes) => void (state.cutAfter = bytes),
    cutOnMatch: (text, { direction = 'up', when = 'before' } = {}) =>
      watch(text, direction, `cut-${when}`).happened,
    holdOnMatch: (text, direction = 'up') => {
      const { happened, release } = watch(text, direction, 'hold')
      return { held: happened, release }
    },
    cutEvery: (texts) => {
      state.watches = state.watches.filter((one) => one.once)
      for (const text of texts) void watch(text, 'up', 'cut-before', false)
    },
    cuts: () => state.cuts,
    connections: () => links.size,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        each((link) => link.reset())
      }),
  }
}
