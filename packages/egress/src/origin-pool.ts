import { Client } from 'undici'
import type { ConnectionFate, Exchange } from './exchange.ts'
import { guardedConnect } from './guarded-connect.ts'
import type { Dial, DialGuard, DialTarget } from './guarded-connect.ts'

export interface OriginPoolOptions {
  origin: string
  target: DialTarget
  guard: DialGuard
  /** Connections that are opened at once; exchanges beyond wait in their order. */
  connections: number
  /** Milliseconds an exchange waits for one of them before it has one of its own. */
  patienceMs: number
  /** False: it waits as long again. */
  keepsUp: () => boolean
  /** Milliseconds an idle connection is kept; a server may shorten it, never lengthen it. */
  keepAliveMs: number
  /** Called after each connection that was made. */
  onConnect: () => void
  /** Called when the last connection has gone and nothing waits. */
  onEmpty: () => void
}

export interface OriginPool {
  run(exchange: Exchange): void
  stats(): { connections: number; idle: number; waiting: number }
  /** Closes idle connections at once, others when their exchange is over. */
  close(): Promise<void>
}

/** A connection: an undici client that never has more than one exchange. */
interface Slot {
  client: Client
  dial: Dial
  exchange: Exchange | undefined
}

/** Bytes of headers a response may have. */
const HEADER_LIMIT = 16_384

/**
 * The connections to one origin. undici's own Pool is not used, because it forgets clients that failed to connect
 * while they still take requests, and keeps requests that were given up in its queue.
 */
export function createOriginPool(options: OriginPoolOptions): OriginPool {
  const { connections, patienceMs, keepsUp, onEmpty } = options
  const slots = new Set<Slot>()
  const idle: Slot[] = [] // the last used first: the rest may grow old and close
  const waiting = new Set<Exchange>()
  const closing: Promise<void>[] = []
  let closed = false

  const drop = (slot: Slot): void => {
    if (!slots.delete(slot)) return
    const at = idle.indexOf(slot)
    if (at !== -1) idle.splice(at, 1)
    slot.dial.givenUp = true
    slot.dial.socket?.destroy()
    const gone = slot.client.destroy().then(() => void closing.splice(closing.indexOf(gone), 1))
    closing.push(gone)
    if (slots.size === 0 && waiting.size === 0) onEmpty()
  }
  const wait = (exchange: Exchange): void => {
    waiting.add(exchange)
    exchange.assign(undefined, () => void waiting.delete(exchange))
    if (patienceMs !== Infinity) setTimeout(openFor, patienceMs, exchange)
  }
  const openFor = (exchange: Exchange): void => {
    if (!waiting.has(exchange)) return
    if (!keepsUp()) return void setTimeout(openFor, patienceMs, exchange)
    waiting.delete(exchange)
    work(open(), exchange)
  }
  const next = (slot: Slot): void => {
    const exchange = takeWaiting(waiting)
    if (exchange) work(slot, exchange)
    else if (closed) drop(slot)
    else idle.push(slot)
  }
  const fillUp = (): void => {
    while (slots.size < connections) {
      const exchange = takeWaiting(waiting)
      if (!exchange) return
      work(open(), exchange)
    }
  }
  const open = (): Slot => {
    const slot = createSlot(options, () => slot.exchange === undefined && drop(slot))
    slots.add(slot)
    return slot
  }
  const work = (slot: Slot, exchange: Exchange): void => {
    slot.exchange = exchange
    exchange.assign(slot.dial, (fate) => release(slot, exchange, fate))
    slot.client.dispatch(exchange.request, exchange)
  }
  const release = (slot: Slot, exchange: Exchange, fate: ConnectionFate): void => {
    if (slot.exchange !== exchange) return
    slot.exchange = undefined
    if (fate === 'reusable') return next(slot)
    if (fate === 'untouched') wait(exchange)
    drop(slot)
    fillUp()
  }
  return {
    run(exchange) {
      const slot = idle.pop()
      if (slot) work(slot, exchange)
      else if (slots.size < connections) work(open(), exchange)
      else wait(exchange)
    },
    stats: () => ({ connections: slots.size, idle: idle.length, waiting: waiting.size }),
    async close() {
      closed = true
      for (const slot of idle.slice()) drop(slot)
      await Promise.all(closing)
    },
  }
}

/** The one that waits longest; those whose deadline passes leave the queue by themselves. */
function takeWaiting(waiting: Set<Exchange>): Exchange | undefined {
  for (const exchange of waiting) {
    waiting.delete(exchange)
    return exchange
  }
  return undefined
}

function createSlot(options: OriginPoolOptions, onDisconnect: () => void): Slot {
  const { origin, target, guard, keepAliveMs } = options
  const dial: Dial = { phase: 'dns', socket: undefined, givenUp: false }
  const client = new Client(origin, {
    pipelining: 1,
    allowH2: false,
    maxHeaderSize: HEADER_LIMIT,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    // One deadline holds for the whole exchange, so undici's timers (exact to half a second) stay off.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: (_options, done) => {
      guardedConnect(guard, target, dial).then(
        (socket) => {
          options.onConnect()
          done(null, socket)
        },
        (error: Error) => done(error, null),
      )
    },
  })
  client.on('disconnect', onDisconnect)
  return { client, dial, exchange: undefined }
}
