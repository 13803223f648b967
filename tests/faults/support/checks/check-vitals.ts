import type { App } from '../fault-fleet.ts'
import type { ProcessSight, Sight } from '../watch-stack.ts'
import type { Failures } from './failures.ts'

/** What nothing may exceed. */
export type VitalCaps = {
  rssMiB: Record<App, number>
  fds: Record<App, number>
  /** Of each process that runs, while a pool is replaced that of both. */
  connections: Record<App, number>
  redisMiB: number
}

export const usualCaps: VitalCaps = {
  rssMiB: { api: 400, worker: 450 },
  fds: { api: 200, worker: 300 },
  connections: { api: 30, worker: 40 },
  redisMiB: 64,
}

/** Slots of a worker for first attempts and for retries. */
const inFlight = 512 + 256

/** Where much was held up and is sent at once, each request may need a connection of its own. */
export const burstCaps: Partial<VitalCaps> = {
  fds: { ...usualCaps.fds, worker: usualCaps.fds.worker + inFlight },
}

/** Growth is judged from here on: before, code is compiled and pools fill. */
const warmUpMs = 20_000
/** Below this many looks after the warm-up nothing can be said of growth. */
const fewestSights = 24
/** How much more the last quarter may hold at its best than the first. */
const growth = { rssMiB: 100, fds: 60, redisMiB: 24, connections: 16 }
/** Below this part of its cap a process, of which a night of kills starts many, still fills its pools and its heap. */
const filling = 0.6

/**
 * C7 and I9: no process, no pool and no queue exceeds its cap, and none grows all the time. Growing all the time is when the
 * least of each quarter of a run is more than that of the quarter before, by a good deal over all; a process has to end above
 * what it usually fills up to.
 */
export function checkVitals(sights: readonly Sight[], caps: VitalCaps = usualCaps): Failures {
  const failures: Failures = []
  const cap = (name: string, values: readonly number[], most: number) => {
    const peak = Math.max(0, ...values)
    if (peak > most) failures.push(`C7 ${name} reached ${Math.round(peak)}, more than ${most}`)
  }
  const flat = (name: string, series: readonly Timed[], most: number) => {
    if (grows(series, most)) failures.push(`C7 ${name} grows all the time: ${quarters(series).join(', ')}`)
  }
  for (const [pid, seen] of byProcess(sights)) {
    const [first] = seen
    if (!first) continue
    const { app } = first.value
    const of = (key: 'rssMiB' | 'fds') => seen.map(({ atMs, value }) => ({ atMs, value: value[key] }))
    for (const key of ['rssMiB', 'fds'] as const) {
      cap(`${key} of ${app} ${pid}`, of(key).map(valueOf), caps[key][app])
      if ((quarters(of(key)).at(-1) ?? 0) > caps[key][app] * filling)
        flat(`${key} of ${app} ${pid}`, of(key), growth[key])
    }
  }
  const connections = sights.flatMap(({ atMs, connections: n, processes }) =>
    n === undefined ? [] : [{ atMs, value: n, most: sum(processes.map(({ app }) => caps.connections[app])) }],
  )
  const above = connections.find(({ value, most }) => most > 0 && value > most)
  if (above) failures.push(`C7 connections reached ${above.value}, more than ${above.most}`)
  flat('connections', connections, growth.connections)
  const redis = sights.flatMap(({ atMs, redisMiB }) =>
    redisMiB === undefined ? [] : [{ atMs, value: redisMiB }],
  )
  cap('redisMiB', redis.map(valueOf), caps.redisMiB)
  flat('redisMiB', redis, growth.redisMiB)
  return failures
}

type Timed<T = number> = { atMs: number; value: T }
const valueOf = <T>({ value }: Timed<T>): T => value
const sum = (list: readonly number[]): number => list.reduce((all, one) => all + one, 0)

function byProcess(sights: readonly Sight[]): Map<number, Timed<ProcessSight>[]> {
  const found = new Map<number, Timed<ProcessSight>[]>()
  for (const { atMs, processes } of sights)
    for (const value of processes)
      // One that has just ended is nothing any more.
      if (value.rssMiB > 0) found.set(value.pid, [...(found.get(value.pid) ?? []), { atMs, value }])
  return found
}

const grows = (series: readonly Timed[], most: number): boolean => {
  const least = quarters(series)
  return (
    least.length === 4 &&
    least.every((value, i) => i === 0 || value > (least[i - 1] ?? 0)) &&
    (least[3] ?? 0) - (least[0] ?? 0) > most
  )
}

/** The least of each quarter after the warm-up; none when there is too little to tell. */
function quarters(series: readonly Timed[]): number[] {
  const from = (series[0]?.atMs ?? 0) + warmUpMs
  const values = series.filter(({ atMs }) => atMs >= from).map(valueOf)
  if (values.length < fewestSights) return []
  const length = values.length / 4
  return [0, 1, 2, 3].map((q) =>
    Math.round(Math.min(...values.slice(Math.floor(q * length), Math.floor((q + 1) * length)))),
  )
}

/** The highest of everything, for a note. */
export function vitalPeaks(sights: readonly Sight[]): string {
  const peak = (values: readonly number[]) => Math.round(Math.max(0, ...values))
  const of = (app: App, key: 'rssMiB' | 'fds') =>
    peak(sights.flatMap(({ processes }) => processes.filter((one) => one.app === app).map((one) => one[key])))
  const redis = peak(sights.map(({ redisMiB }) => redisMiB ?? 0))
  return (
    `peaks: api ${of('api', 'rssMiB')} MiB ${of('api', 'fds')} fds, worker ${of('worker', 'rssMiB')} MiB ` +
    `${of('worker', 'fds')} fds, ${peak(sights.map(({ connections }) => connections ?? 0))} connections` +
    (redis > 0 ? `, Redis ${redis} MiB` : '')
  )
}
