import type { Bench } from './bench.ts'
import type { BenchProcess } from './bench-process.ts'
import type { Contender, Watched } from './contender.ts'
import { machineCpu, processCpu } from './cpu.ts'
import type { Load, LoadResult } from './loader.ts'
import { benchIntegration } from './seed-stack.ts'
import { sharedNow } from './serve-commands.ts'

/** The two processes that every contender works between, and what has gone through them so far. */
export type Field = {
  loader: BenchProcess
  receiver: BenchProcess
  receiverUrl: string
  /** By contender's path: the ids it has accepted, and how many triggers it was sent. */
  accepted: Map<string, string[]>
  posted: Map<string, number>
}

type Aside = { loader: number; receiver: number; machine: number; stolen: number; wall: number }

/** Begin and end of a measurement, in ms on the clock of `sharedNow`. */
export type Window = { from: number; to: number }

export type Run = {
  watched: Watched
  window: Window
  load: LoadResult
  /** By mark, ms on the clock of `load.sentAt`. */
  arrivedAt: Float64Array
  /** CPU-seconds that no figure counts: of our two processes, of the whole machine, and stolen by its host. */
  aside: Aside
  /** What went wrong, in words. */
  problems: string[]
}

/** How long the last delivery may take after the last answer, and the records after that. */
const arrivalTimeoutMs = 60_000
const settleTimeoutMs = 30_000

/** Posts `count` triggers, waits until all have arrived and are recorded, and tells what it took. */
export async function runLoad(bench: Bench, field: Field, contender: Contender, count: number): Promise<Run> {
  const { loader, receiver } = field
  const { path, origin, headers, name } = contender
  const { connections, body } = bench.options
  const from = field.posted.get(path) ?? 0
  field.posted.set(path, from + count)
  const asideBefore = readAside(field)
  const stopWatching = await contender.watch()
  const begunAt = sharedNow()
  const order: Load = { origin, headers, integration: benchIntegration, body, connections, from, count }
  const load = await loader.ask<LoadResult>('run', order)
  const arrival = { path, count: from + count, timeoutMs: arrivalTimeoutMs }
  const arrived = await receiver.ask<boolean>('wait-for', arrival)
  const settled = await contender.settled(settleTimeoutMs)
  const endedAt = sharedNow()
  const watched = await stopWatching()
  const asideAfter = readAside(field)

  field.accepted.set(path, [...(field.accepted.get(path) ?? []), ...load.accepted])
  const problems = [...load.refused].map(([why, times]) => `${name}: ${times} posts were answered ${why}`)
  if (!arrived) problems.push(`${name}: not everything arrived within ${arrivalTimeoutMs} ms`)
  if (!settled) problems.push(`${name}: not everything was recorded within ${settleTimeoutMs} ms`)
  return {
    watched,
    window: { from: begunAt, to: endedAt },
    load,
    arrivedAt: await receiver.ask<Float64Array>('arrivals', { path, from, count }),
    aside: difference(asideBefore, asideAfter),
    problems,
  }
}

function readAside({ loader, receiver }: Field): Aside {
  const { busy, stolen } = machineCpu()
  return {
    loader: processCpu(loader.pid).seconds,
    receiver: processCpu(receiver.pid).seconds,
    machine: busy,
    stolen,
    wall: performance.now() / 1_000,
  }
}

function difference(before: Aside, after: Aside): Aside {
  return {
    loader: after.loader - before.loader,
    receiver: after.receiver - before.receiver,
    machine: after.machine - before.machine,
    stolen: after.stolen - before.stolen,
    wall: after.wall - before.wall,
  }
}
