import type { Watched } from './contender.ts'
import { machineCpu, processCpu } from './cpu.ts'

/**
 * Begins to look at what else the machine does: more than a little of it spoils a run's latencies. The function returned
 * ends that and tells it in cores, without what was watched and without the processes named.
 */
export function watchOthers(pids: readonly number[]): (watched: Watched) => number {
  const read = () => ({
    wall: performance.now() / 1_000,
    machine: machineCpu().busy,
    ours: pids.reduce((sum, pid) => sum + processCpu(pid).seconds, 0),
  })
  const before = read()
  return (watched) => {
    const after = read()
    const counted = Object.values(watched.cpu).reduce((sum, { seconds }) => sum + seconds, 0)
    const others = after.machine - before.machine - (after.ours - before.ours) - counted
    return others / (after.wall - before.wall)
  }
}
