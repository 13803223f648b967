import type { Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { Direction, LinkFaults, Watch } from './fault-proxy.ts'

export type LinkState = {
  faults: LinkFaults
  watches: Watch[]
  cutAfter: number | undefined
  cuts: number
}

/** One connection through a proxy. */
export type Link = {
  /** From now on nothing passes, and nobody is told. */
  silence(): void
  reset(): void
  halfClose(direction: Direction): void
  closed: Promise<void>
}

/** Carries bytes both ways and asks `state` about every chunk. */
export function createLink(client: Socket, server: Socket, state: LinkState): Link {
  const sockets = [client, server]
  const own = { silent: false }
  const reset = () => sockets.forEach((socket) => socket.resetAndDestroy())
  for (const socket of sockets) socket.setNoDelay(true).on('error', () => undefined)
  client.once('close', () => own.silent || server.destroy())
  server.once('close', () => own.silent || client.destroy())
  carry(client, server, 'up', { state, own, reset })
  carry(server, client, 'down', { state, own, reset })
  return {
    silence: () => void (own.silent = true),
    reset,
    halfClose: (direction) => void (direction === 'up' ? server : client).end(),
    closed: new Promise((resolve) => client.once('close', () => resolve())),
  }
}

type Carriage = { state: LinkState; own: { silent: boolean }; reset: () => void }

function carry(from: Socket, to: Socket, direction: Direction, { state, own, reset }: Carriage): void {
  let turn = Promise.resolve()
  let waiting = 0
  let tail: Buffer = Buffer.alloc(0)
  const pass = async (chunk: Buffer, cameAt: number) => {
    const seen = Buffer.concat([tail, chunk])
    tail = seen.subarray(Math.max(0, seen.length - 128))
    if (await watched(seen, direction, state)) return reset()
    await delayed(chunk, cameAt, state.faults)
    if (to.destroyed || state.faults.blackhole || own.silent) return
    await write(to, chunk, state.faults.slice)
    if (cutAfter(seen, direction, state)) reset()
    if (state.cutAfter === undefined) return
    state.cutAfter -= chunk.length
    if (state.cutAfter > 0) return
    state.cutAfter = undefined
    reset()
  }
  from.on('data', (chunk: Buffer) => {
    const cameAt = performance.now()
    waiting += 1
    if (waiting > 64) from.pause()
    turn = turn.then(async () => {
      await pass(chunk, cameAt)
      waiting -= 1
      if (waiting < 16) from.resume()
    })
  })
  from.once('end', () => {
    turn = turn.then(() => {
      if (!state.faults.blackhole && !own.silent) to.end()
    })
  })
}

/** True when the connection is to be broken before the chunk is passed on. */
async function watched(seen: Buffer, direction: Direction, state: LinkState): Promise<boolean> {
  const found = state.watches.find(
    (watch) => watch.direction === direction && watch.act !== 'cut-after' && seen.includes(watch.text),
  )
  if (!found) return false
  forget(found, state)
  if (found.act === 'hold') {
    await found.released
    return false
  }
  state.cuts += 1
  return true
}

function cutAfter(seen: Buffer, direction: Direction, state: LinkState): boolean {
  const found = state.watches.find(
    (watch) => watch.direction === direction && watch.act === 'cut-after' && seen.includes(watch.text),
  )
  if (!found) return false
  forget(found, state)
  state.cuts += 1
  return true
}

function forget(watch: Watch, state: LinkState): void {
  if (watch.once) state.watches = state.watches.filter((one) => one !== watch)
  watch.met()
}

async function delayed(chunk: Buffer, cameAt: number, { latencyMs = 0, rate }: LinkFaults): Promise<void> {
  const ms = cameAt + latencyMs - performance.now() + (rate ? (chunk.length / rate) * 1_000 : 0)
  if (ms > 0) await pause(ms)
}

async function write(to: Socket, chunk: Buffer, slice: number | undefined): Promise<void> {
  const size = slice ?? chunk.length
  for (let at = 0; at < chunk.length && !to.destroyed; at += size) {
    const flowing = to.write(chunk.subarray(at, at + size))
    if (slice !== undefined) await pause(1)
    if (!flowing && !to.destroyed) {
      await new Promise<void>((resolve) => {
        to.once('drain', resolve)
        to.once('close', () => resolve())
      })
    }
  }
}
