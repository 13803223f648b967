import { readdirSync, readFileSync, writeFileSync } from 'node:fs'

/** The unit of the times in /proc, USER_HZ: 100 on every Linux that Node runs on, see proc_pid_stat(5). */
const ticksPerSecond = 100

type ProcStat = {
  parent: number
  own: number
  system: number
  reaped: number
  reapedSystem: number
  startedAt: string
}

/** What a server and its children have used so far; `live` are the children, by process id. */
export type TreeCpu = { own: ProcessCpu; live: ReadonlyMap<number, ProcessCpu & { startedAt: string }> }

/** CPU-seconds; `system` is the kernel's part of them. */
export type ProcessCpu = { seconds: number; system: number }

/** What one process, all its threads included, has used so far. */
export function processCpu(pid: number): ProcessCpu {
  const { own, system } = stat(pid)
  return { seconds: own / ticksPerSecond, system: system / ticksPerSecond }
}

/** What it used between two readings. */
export function cpuBetween(before: ProcessCpu, after: ProcessCpu): ProcessCpu {
  return { seconds: after.seconds - before.seconds, system: after.system - before.system }
}

/** Begins to watch a process' memory anew: see clear_refs in proc(5). */
export function forgetPeakMemory(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}

/** The most memory a process has had resident since then, in bytes. */
export const peakMemory = (pid: number): number => memoryOf(pid, 'VmHWM')

/** What it has resident now, in bytes. */
export const residentMemory = (pid: number): number => memoryOf(pid, 'VmRSS')

function memoryOf(pid: number, line: 'VmHWM' | 'VmRSS'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(new RegExp(`${line}:\\s+(\\d+) kB`).exec(status)?.[1] ?? Number.NaN) * 1024
}

/** CPU-seconds of the whole machine so far, by everybody; `stolen` is what its host gave to others. */
export function machineCpu(): { busy: number; stolen: number } {
  const line = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0] ?? ''
  const ticks = line.split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, stolen = 0] = ticks
  return { busy: (user + nice + system + irq + softirq) / ticksPerSecond, stolen: stolen / ticksPerSecond }
}

/**
 * Of a server that forks: `own` includes children that have ended, as the kernel adds those to their parent when it waits
 * for them.
 */
export function treeCpu(pid: number): TreeCpu {
  const live = new Map<number, ProcessCpu & { startedAt: string }>()
  for (const name of readdirSync('/proc')) {
    const child = /^\d+$/.test(name) ? tryStat(Number(name)) : undefined
    if (child?.parent !== pid) continue
    const { startedAt, own, system } = child
    live.set(Number(name), { startedAt, seconds: own / ticksPerSecond, system: system / ticksPerSecond })
  }
  // After the children: one that ends in between is then counted twice rather than left out.
  const { own, system, reaped, reapedSystem } = stat(pid)
  return {
    own: { seconds: (own + reaped) / ticksPerSecond, system: (system + reapedSystem) / ticksPerSecond },
    live,
  }
}

/** By child what was used between two readings; key 0 is the server itself with the children that have ended. */
export function treeBetween(before: TreeCpu, after: TreeCpu): Map<number, ProcessCpu> {
  const spent = new Map<number, ProcessCpu>()
  let own = cpuBetween(before.own, after.own)
  for (const [pid, child] of after.live) {
    const earlier = before.live.get(pid)
    spent.set(pid, earlier?.startedAt === child.startedAt ? cpuBetween(earlier, child) : child)
  }
  // What an ended child had used before the first reading has moved into the server's own figure.
  for (const [pid, child] of before.live) {
    if (after.live.get(pid)?.startedAt !== child.startedAt) own = cpuBetween(child, own)
  }
  return spent.set(0, own)
}

function stat(pid: number): ProcStat {
  const found = tryStat(pid)
  if (found === undefined) throw new Error(`process ${pid} is gone, or there is no /proc: this needs Linux`)
  return found
}

function tryStat(pid: number): ProcStat | undefined {
  let text: string
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  } catch {
    return undefined
  }
  // The second field is the program's name in brackets and may itself hold brackets and spaces.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const ticks = (index: number) => Number(fields[index])
  return {
    parent: ticks(1),
    own: ticks(11) + ticks(12),
    system: ticks(12),
    reaped: ticks(13) + ticks(14),
    reapedSystem: ticks(14),
    startedAt: fields[19] ?? '',
  }
}
