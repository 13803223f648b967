import { readdirSync } from 'node:fs'
import { residentMemory } from './cpu.ts'
import type { Point } from './fit-line.ts'

/** What one process held over time: resident memory in MB and open descriptors, by seconds since the start. */
export type MemorySeries = { rss: Point[]; fds: Point[] }

const everyMs = 1_000

/** Looks at processes once a second until the function returned is called, which tells what was seen by their names. */
export function sampleMemory(pids: Readonly<Record<string, number>>): () => Record<string, MemorySeries> {
  const watched = Object.entries(pids).map(([name, pid]) => ({
    name,
    pid,
    rss: [] as Point[],
    fds: [] as Point[],
  }))
  const startedAt = performance.now()
  const look = () => {
    const at = (performance.now() - startedAt) / 1_000
    for (const { pid, rss, fds } of watched) {
      rss.push({ at, value: residentMemory(pid) / 1e6 })
      fds.push({ at, value: readdirSync(`/proc/${pid}/fd`).length })
    }
  }
  const timer = setInterval(look, everyMs)
  return () => {
    clearInterval(timer)
    return Object.fromEntries(watched.map(({ name, rss, fds }) => [name, { rss, fds }]))
  }
}
